import { z } from "zod";
import { runInLab } from "./in-lab.ts";
import { spread, type Spread } from "./spread.ts";

/** The sweep glances at the number of sockets this often; `ss` gets the same pause. */
const PAUSE_MS = 50;

const outputSchema = z.object({
  ours: z.array(z.number()).min(1),
  ss: z.array(z.number()).min(1),
  costs: z.array(z.object({ sockets: z.int(), lookCpuMs: z.number(), glanceCpuMs: z.number() })),
});

export interface ListenerBench {
  readonly rounds: number;
  readonly pauseMs: number;
  /** From the end of `listen` in the cell until the record is on the journal's disk (fdatasync); the goal is a p95 under 250 ms. */
  readonly ours: Spread;
  /** The same over `ss -tlnH` in a loop, into a journal file of its own. */
  readonly ss: Spread;
  /** ours.p95 / ss.p95 */
  readonly ratio: number;
  /** CPU time of the daemon for one look and one glance, ms, by the number of listeners in the cell. */
  readonly costs: z.infer<typeof outputSchema>["costs"];
}

/** Listener-to-recorded latency in a real cell, beside `ss` polling. */
export async function benchListener(rounds = 100): Promise<ListenerBench> {
  const args = [String(rounds), String(PAUSE_MS)];
  const { ours, ss, costs } = await runInLab("listener-in-namespace.js", args, outputSchema);
  const [our, theirs] = [spread(ours), spread(ss)];
  return { rounds, pauseMs: PAUSE_MS, ours: our, ss: theirs, ratio: our.p95 / theirs.p95, costs };
}
