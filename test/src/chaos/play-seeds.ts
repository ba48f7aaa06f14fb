import type { ChaosRun } from "./chaos-report.ts";
import { runChaos } from "./run-chaos.ts";

/** After so many runs a lab gives way to a fresh one. */
const SEEDS_A_LAB = 20;

/** Plays all seeds, `labs` side by side, each in turn in a lab with others; one that differs costs its lab. Gives runs as they are over. */
export async function playSeeds(options: {
  readonly seeds: readonly number[];
  readonly labs: number;
  readonly until: number | null;
  readonly onRun: (run: ChaosRun) => void;
  readonly onLine: (text: string) => void;
}): Promise<void> {
  const waiting = [...options.seeds];
  const share = Math.min(SEEDS_A_LAB, Math.ceil(waiting.length / options.labs));
  const lane = async () => {
    while (waiting.length > 0 && (options.until === null || Date.now() < options.until)) {
      const seeds = waiting.splice(0, share);
      let played = 0;
      for await (const run of runChaos({ seeds, until: options.until, onLine: options.onLine })) {
        options.onRun(run);
        // An undisturbed run that differs is no seed's fault, and another lab's would differ as well.
        if (run.seed === null && run.problems.length > 0)
          throw new Error("the undisturbed run is not as it must be");
        if (run.seed !== null) played += 1;
      }
      waiting.unshift(...seeds.slice(played));
    }
  };
  await Promise.all(Array.from({ length: options.labs }, lane));
}
