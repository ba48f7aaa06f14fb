import type { AgentSocket, ProcessKey } from "@redline/shared";
import type { Cell } from "../cell/cell.ts";
import { runTool } from "../cell/run-tool.ts";
import type { Snapshotter } from "../observe/snapshotter.ts";
import { parseUnixPairs } from "../observe/unix-sockets.ts";

const LIMIT_MS = 3_000;

export interface AgentSocketsTools {
  readonly snapshotter: Pick<Snapshotter, "sockets">;
  readonly nsenter: string;
}

/**
 * Connections of these processes, TCP and Unix streams, at most 50, and who in the cell holds the other end. Connections of the daemon's
 * own prober are left out, as are unnamed standard streams. Without `ss` the other ends of Unix connections are not known (`peer` empty).
 * @throws Error when the cell could not be read
 */
export async function agentSockets(
  { snapshotter, nsenter }: AgentSocketsTools,
  { initPid, netns, pidns }: Pick<Cell, "initPid" | "netns" | "pidns">,
  processes: readonly ProcessKey[],
): Promise<AgentSocket[]> {
  const listed = await runTool(nsenter, [`--net=/proc/${initPid}/ns/net`, "--", "ss", "-xH"], {
    timeoutMs: LIMIT_MS,
  }).catch(() => null);
  const pairs = listed?.code === 0 ? parseUnixPairs(listed.stdout) : [];
  const result = await snapshotter.sockets({ initPid, netns, pidns }, { processes, pairs });
  if (!result.ok) throw new Error(`sockets: ${result.why}`);
  return [...result.sockets];
}
