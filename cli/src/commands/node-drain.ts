import { performance } from "node:perf_hooks";
import { pause } from "@redline/daemon";
import { nodeIdSchema, terminalLine, type NodeId } from "@redline/shared";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { orderedBy } from "../run/order-stop.ts";
import type { ApiClient } from "../source/api-client.ts";
import { liveClient, type SourceOptions } from "../source/choose-source.ts";
import { duration } from "../terminal/duration.ts";
import { safeJson } from "../terminal/safe-json.ts";

export interface DrainRequest extends SourceOptions {
  readonly node: string;
  readonly why: string;
  readonly json: boolean;
  /** Until nothing runs there. */
  readonly wait: boolean;
}

const LOOK_MS = 1000;

/** `redline node drain`: nothing new is placed on a node from here on; what runs there ends by itself. */
export async function nodeDrain(
  { terminal: { out, err }, cwd }: Context,
  request: DrainRequest,
): Promise<ExitCode> {
  const { node, order, client } = await readyFor(request, cwd);
  const began = performance.now();
  const { attempts } = await client.drainNode(node, order, true);
  if (!request.json)
    err.line(
      `${node} takes nothing new, whatever restarts; ${running(attempts)} there, and may end by itself`,
    );
  const left = request.wait ? await untilIdle(client, node, (text) => err.line(text)) : attempts;
  const tookMs = performance.now() - began;
  if (request.json)
    out.line(safeJson({ as_of: new Date().toISOString(), node, drained: true, attempts: left, tookMs }, 2));
  else if (request.wait) out.line(`${node} is drained: nothing runs there, after ${duration(tookMs)}`);
  else
    out.line(
      left === 0
        ? `${node} is drained: nothing runs there`
        : `${node} is draining: ${running(left)} there; \`redline node drain\` with --wait would have waited, \`redline node list\` shows it`,
    );
  return EXIT.done;
}

/** `redline node undrain`: gives a node back. */
export async function nodeUndrain(
  { terminal: { out }, cwd }: Context,
  request: Omit<DrainRequest, "wait">,
): Promise<ExitCode> {
  const { node, order, client } = await readyFor(request, cwd);
  await client.drainNode(node, order, false);
  if (request.json) out.line(safeJson({ as_of: new Date().toISOString(), node, drained: false }, 2));
  else out.line(`${node} is back in service`);
  return EXIT.done;
}

async function readyFor({ node: name, why, ...source }: Omit<DrainRequest, "wait">, cwd: string) {
  const node = nodeIdSchema.safeParse(name);
  if (!node.success)
    throw new CliError(EXIT.usage, `"${terminalLine(name, 80)}" is no name of a node`, {
      remedy: "redline node list",
    });
  if (why.trim() === "") throw new CliError(EXIT.usage, "--why: say why; it is kept in the journal");
  const client = await liveClient(source, cwd);
  return { node: node.data, order: { who: orderedBy(), why: why.slice(0, 300) }, client };
}

/**
 * Waits until neither the coordinator nor the node itself counts a part of an attempt there, without a limit: an attempt ends by its
 * own limits. A person ends the wait with ^C, which leaves the node drained. @returns 0
 */
async function untilIdle(
  client: Pick<ApiClient, "nodes">,
  node: NodeId,
  note: (text: string) => void,
): Promise<number> {
  let told = "";
  for (;;) {
    const found = (await client.nodes()).find(({ inventory }) => inventory.node === node);
    const own = found === undefined || found.goneWhy !== null ? 0 : found.inventory.slotsInUse;
    const attempts = found?.attempts ?? 0;
    if (attempts === 0 && own === 0) return 0;
    const text = attempts > 0 ? `${running(attempts)} on ${node}` : `${node} tears down`;
    if (text !== told) note(text);
    told = text;
    await pause(LOOK_MS);
  }
}

const running = (attempts: number) => (attempts === 1 ? "1 attempt runs" : `${attempts} attempts run`);
