import { coordinatorRecordSchema, nodeRecordSchema } from "@redline/shared";
import type { ApiClient } from "../source/api-client.ts";

/** How long a node took from the order until no process was left, by its own record. */
export interface StopTime {
  readonly node: string;
  readonly cells: number;
  readonly tookMs: number;
}

/** Records follow the answers within moments; a stop is not held up for longer by what is only good to know. */
const WAIT_MS = 2000;
/** Beyond the end of every journal: asks for its head alone. */
const BEYOND = 999_999_999_999;

/** Number of the journal's newest record; null when that cannot be had, which is no reason not to stop. */
export const headOf = (client: Pick<ApiClient, "journal">): Promise<number | null> =>
  client.journal(BEYOND, 0).then(
    ({ head }) => head,
    () => null,
  );

/** The times of the nodes that confirmed a stop, as far as their records are in the journal by now. Never rejects. */
export async function stopTimes(
  client: Pick<ApiClient, "journal">,
  head: number | null,
  nodes: readonly string[],
): Promise<StopTime[]> {
  const times = new Map<string, StopTime>();
  let after = head ?? Infinity;
  const deadline = performance.now() + WAIT_MS;
  // Ends when every node's time is there, at the latest at the deadline.
  while (Number.isFinite(after) && times.size < nodes.length && performance.now() < deadline)
    try {
      const { lines } = await client.journal(after, Math.max(1, Math.round(deadline - performance.now())));
      after += lines.length;
      for (const time of lines.flatMap(timesIn)) if (nodes.includes(time.node)) times.set(time.node, time);
    } catch {
      break;
    }
  return [...times.values()].toSorted((a, b) => a.node.localeCompare(b.node));
}

function timesIn(line: string): StopTime[] {
  const record = coordinatorRecordSchema.safeParse(JSON.parse(line));
  if (!record.success || record.data.body.kind !== "node-record") return [];
  const told = nodeRecordSchema.safeParse(JSON.parse(record.data.body.line));
  if (!told.success || told.data.body.kind !== "emptied" || told.data.body.by !== "stop") return [];
  const { cells, tookMs } = told.data.body;
  return [{ node: told.data.node, cells, tookMs }];
}
