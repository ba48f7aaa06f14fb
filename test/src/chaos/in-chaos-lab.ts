import { readFileSync } from "node:fs";
import { submitRequestSchema } from "@redline/shared";
import { z } from "zod";
import { labPlanSchema } from "../../../cli/dist/lab/lab-protocol.js";
import { ChaosLab } from "./chaos-lab.ts";
import { chaosPlan } from "./chaos-plan.ts";
import type { ChaosEvent } from "./chaos-report.ts";
import { LabRest } from "./lab-rest.ts";
import { oneRun } from "./one-run.ts";

/**
 * PID 1 of the suite's lab (see run-chaos.ts): one lab, in it an undisturbed run and then one a seed, a line of JSON for each. Ends after the
 * first that differs: what a broken lab does next proves nothing. Argument: a file with the plan.
 */
const argsSchema = z.strictObject({
  plan: labPlanSchema,
  /** Two coordinators. */
  pair: z.boolean(),
  study: submitRequestSchema,
  seeds: z.array(z.int()).min(1),
  /** Epoch ms after which no new run begins. */
  until: z.number().nullable(),
});

const say = (event: ChaosEvent) => process.stdout.write(`${JSON.stringify(event)}\n`);

async function main(): Promise<void> {
  process.stdin.on("end", () => process.exit(3)).resume();
  const args = argsSchema.parse(JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")));
  const { plan, study, seeds } = args;
  const lab = await ChaosLab.up(plan, args.pair, seeds[0] ?? 0);
  const rest = new LabRest(lab);
  const undisturbed = await oneRun(lab, rest, study, null, null);
  say(undisturbed.run);
  if (undisturbed.run.problems.length > 0) return;
  for (const seed of seeds) {
    if (args.until !== null && Date.now() > args.until) break;
    const { run } = await oneRun(lab, rest, study, chaosPlan(seed), undisturbed.table);
    if (run.problems.length > 0) lab.keep(`seed-${seed}`);
    say(run);
    if (run.problems.length > 0) return;
  }
  say({ event: "done" });
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : "";
    say({
      event: "failed",
      text: `${error instanceof Error ? (error.stack ?? error.message) : String(error)}${cause}`,
    });
    process.exit(1);
  },
);
