import { nodeIdSchema, terminalLine } from "@redline/shared";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { orderedBy } from "../run/order-stop.ts";
import { liveClient, type SourceOptions } from "../source/choose-source.ts";
import { safeJson } from "../terminal/safe-json.ts";

export interface ClearRequest extends SourceOptions {
  readonly node: string;
  readonly why: string;
  readonly force: boolean;
  readonly json: boolean;
}

/** `redline node clear`: lifts a quarantine after a new look at the node. Exit code 4 when the node stays quarantined. */
export async function nodeClear(
  { terminal: { out, err }, cwd }: Context,
  { node: name, why, force, json, ...source }: ClearRequest,
): Promise<ExitCode> {
  const node = nodeIdSchema.safeParse(name);
  if (!node.success)
    throw new CliError(EXIT.usage, `"${terminalLine(name, 80)}" is no name of a node`, {
      remedy: "redline node list",
    });
  if (why.trim() === "")
    throw new CliError(EXIT.usage, "--why: say what was found and done; it is kept in the node's journal");
  const client = await liveClient(source, cwd);
  err.line(`${node.data} is looked at anew; on a machine with many files this takes up to three minutes`);
  const { done, why: refused } = await client.clearNode(node.data, {
    who: orderedBy(),
    why: why.slice(0, 300),
    force,
  });
  if (json)
    out.line(safeJson({ as_of: new Date().toISOString(), node: node.data, cleared: done, why: refused }, 2));
  else if (done)
    out.line(
      `${node.data}: the quarantine is lifted${refused === "" ? "" : ` (${terminalLine(refused, 500)})`}`,
    );
  else out.line(`${node.data}: ${out.paint.bad("stays quarantined")}: ${terminalLine(refused, 500)}`);
  if (!done && !force && !json)
    out.line("  remove what it names and clear it again; --force lifts the quarantine all the same");
  return done ? EXIT.done : EXIT.notSterile;
}
