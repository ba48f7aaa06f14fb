import type { ForeignLog, ForeignTrial } from "./foreign-log.ts";

/** The only run of a log. */
export async function onlyRun(log: ForeignLog): Promise<ForeignTrial> {
  const runs: ForeignTrial[] = [];
  for await (const run of log.trials()) runs.push(run);
  const [run] = runs;
  if (run === undefined || runs.length > 1) throw new Error(`${runs.length} runs`);
  return run;
}
