import { chaosPlan } from "./chaos-plan.ts";
import type { ChaosRun } from "./chaos-report.ts";
import { runChaos } from "./run-chaos.ts";

/** After so many runs a lab gives way to a fresh one: what only many runs together would leave is seen, and disks stay small. */
const SEEDS_A_LAB = 40;

/**
 * Plays all seeds, `labs` side by side, each in turn in a lab with others that need as many coordinators; one that differs costs its lab.
 * Gives runs as they are over.
 */
export async function playSeeds(options: {
  readonly seeds: readonly number[];
  readonly labs: number;
  readonly until: number | null;
  readonly onRun: (run: ChaosRun) => void;
  readonly onLine: (text: string) => void;
}): Promise<void> {
  const { onRun, onLine, until } = options;
  const share = Math.min(SEEDS_A_LAB, Math.ceil(options.seeds.length / options.labs));
  let waiting = [...options.seeds];
  const take = () => {
    const [first] = waiting;
    if (first === undefined) return null;
    const { pair } = chaosPlan(first);
    const seeds = waiting.filter((seed) => chaosPlan(seed).pair === pair).slice(0, share);
    waiting = waiting.filter((seed) => !seeds.includes(seed));
    return { seeds, pair };
  };
  const lane = async () => {
    while (until === null || Date.now() < until) {
      const taken = take();
      if (taken === null) return;
      let played = 0;
      for await (const run of runChaos({ ...taken, until, onLine })) {
        onRun(run);
        // An undisturbed run that differs is no seed's fault, and another lab's would differ as well.
        if (run.seed === null && run.problems.length > 0)
          throw new Error("the undisturbed run is not as it must be");
        if (run.seed !== null) played += 1;
      }
      waiting.unshift(...taken.seeds.slice(played));
    }
  };
  await Promise.all(Array.from({ length: options.labs }, lane));
}
