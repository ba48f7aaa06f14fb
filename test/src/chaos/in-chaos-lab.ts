import { z } from "zod";
import { labScript, labScriptTold, say } from "../kit/lab-script-main.ts";
import { ChaosLab } from "./chaos-lab.ts";
import { chaosPlan } from "./chaos-plan.ts";
import type { ChaosEvent } from "./chaos-report.ts";
import { LabRest } from "./lab-rest.ts";
import { oneRun } from "./one-run.ts";

/**
 * PID 1 of the suite's lab (see run-chaos.ts): one lab, in it an undisturbed run and then one a seed, a line of JSON for each. Ends after the
 * first that differs: what a broken lab does next proves nothing.
 */
const toldSchema = z.strictObject({
  ...labScriptTold,
  /** Two coordinators. */
  pair: z.boolean(),
  seeds: z.array(z.int()).min(1),
  /** Epoch ms after which no new run begins. */
  until: z.number().nullable(),
});

const tell = (event: ChaosEvent) => say(event);

labScript(toldSchema, async (told) => {
  await playSeeds(told);
  tell({ event: "done" });
});

async function playSeeds({ plan, pair, study, seeds, until }: z.infer<typeof toldSchema>): Promise<void> {
  const lab = await ChaosLab.up(plan, pair, seeds[0] ?? 0);
  const rest = new LabRest(lab);
  const undisturbed = await oneRun(lab, rest, study, null, null);
  tell(undisturbed.run);
  if (undisturbed.run.problems.length > 0) return;
  for (const seed of seeds) {
    if (until !== null && Date.now() > until) return;
    const { run } = await oneRun(lab, rest, study, chaosPlan(seed), undisturbed.table);
    if (run.problems.length > 0) lab.keep(`seed-${seed}`);
    tell(run);
    if (run.problems.length > 0) return;
  }
}
