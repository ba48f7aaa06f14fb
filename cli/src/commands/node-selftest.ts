import { terminalLine, type NodeId } from "@redline/shared";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { isGreen, orderSelfTests } from "../self-test/order-self-tests.ts";
import { selfTestLines } from "../self-test/render-self-test.ts";
import { liveClient, type SourceOptions } from "../source/choose-source.ts";
import { safeJson } from "../terminal/safe-json.ts";

export interface SelfTestRequest extends SourceOptions {
  readonly names: readonly string[];
  readonly all: boolean;
  readonly why: string;
  readonly json: boolean;
}

/** `redline node selftest`: the escape suite on nodes, each case with what stopped it. Exit code 4 unless all are green. */
export async function nodeSelftest(
  { terminal: { out, err }, cwd }: Context,
  request: SelfTestRequest,
): Promise<ExitCode> {
  const client = await liveClient(request, cwd);
  const known = (await client.nodes()).map(({ inventory }) => inventory.node);
  const nodes = chosen(request, known);
  err.line(`self-test ordered on ${nodes.join(", ")}; it takes a minute or two`);
  const outcomes = await orderSelfTests({
    client,
    nodes,
    why: request.why,
    onDone: (outcome) => {
      if (request.json) err.line(`${outcome.node}: done`);
      else for (const line of selfTestLines(outcome, out.paint)) out.line(line);
    },
  });
  const green = outcomes.every(isGreen);
  if (request.json)
    out.line(
      safeJson({ as_of: new Date().toISOString(), coordinator: client.name, green, nodes: outcomes }, 2),
    );
  else if (!green)
    err.line(
      `${err.paint.bad("not green:")} ${outcomes
        .filter((outcome) => !isGreen(outcome))
        .map(({ node }) => node)
        .join(", ")}; such a node takes scripted controls only (docs/operations.md, "Self-test red")`,
    );
  return green ? EXIT.done : EXIT.notSterile;
}

function chosen({ names, all }: SelfTestRequest, known: readonly NodeId[]): NodeId[] {
  if (all === names.length > 0)
    throw new CliError(EXIT.usage, all ? "give nodes or --all, not both" : "on which nodes?", {
      remedy: `redline node selftest ${known[0] ?? "NODE"}, or --all`,
    });
  if (all && known.length > 0) return [...known];
  const unknown = names.filter((name) => !known.some((node) => node === name));
  if (unknown.length > 0 || known.length === 0)
    throw new CliError(
      EXIT.usage,
      known.length === 0
        ? "the coordinator has not heard of any node"
        : `no node is called ${terminalLine(unknown.join(", "), 300)}`,
      { remedy: known.length === 0 ? "redline node list" : `one of ${known.join(", ")}` },
    );
  return known.filter((node) => names.includes(node));
}
