import { z } from "zod";
import { runInLab } from "./in-lab.ts";
import { spread, type Spread } from "./spread.ts";

const times = z.array(z.number()).min(1);
const outputSchema = z.object({ bare: times, bareSshd: times, first: times, ours: times });

export interface CellBench {
  readonly rounds: number;
  /** `bwrap --unshare-all true`, to its end. */
  readonly bare: Spread;
  /** bubblewrap over the host's own view, with sshd in it. */
  readonly bareSshd: Spread;
  /** The view of the first issue's cell, with sshd in it. */
  readonly first: Spread;
  /** A cell as it is built for an attempt. */
  readonly ours: Spread;
  /** ours.median / bareSshd.median; the goal is at most 3. */
  readonly ratio: number;
}

/** Until SSH can be spoken to what is contained: four ways in turns, in one run. */
export async function benchCell(rounds = 20): Promise<CellBench> {
  const output = await runInLab("cell-in-namespace.js", [String(rounds)], outputSchema);
  const [bare, bareSshd, first, ours] = [output.bare, output.bareSshd, output.first, output.ours].map(spread);
  if (bare === undefined || bareSshd === undefined || first === undefined || ours === undefined)
    throw new Error("a way is missing");
  return { rounds, bare, bareSshd, first, ours, ratio: ours.median / bareSshd.median };
}
