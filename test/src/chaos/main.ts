import { chaosArgs } from "./chaos-args.ts";
import { isShown, runLines, summaryLines, type ChaosRun } from "./chaos-report.ts";
import { playSeeds } from "./play-seeds.ts";

/**
 * `node test/dist/chaos/main.js [--seeds FROM-TO] [--seed N] [--labs N] [--minutes M]`: whole studies in a real lab under drawn faults
 * (docs/chaos.md). Exit code 1 when a run differs from the undisturbed one, or leaves anything, or none was played.
 */
const args = chaosArgs(process.argv.slice(2));
if (!args.ok) {
  process.stderr.write(`chaos: ${args.why}\n`);
  process.exit(2);
}
const runs: ChaosRun[] = [];
const say = (line: string) => process.stdout.write(`${line}\n`);
const { seeds, labs, minutes } = args;
const failed = await playSeeds({
  seeds,
  labs,
  until: minutes === null ? null : Date.now() + minutes * 60_000,
  onRun(run) {
    runs.push(run);
    for (const line of runLines(run)) say(line);
  },
  onLine: (text) => process.stderr.write(`${text}\n`),
}).then(
  () => null,
  (error: unknown) => (error instanceof Error ? error.message : String(error)),
);
for (const line of summaryLines(runs)) say(line);
if (failed !== null) process.stderr.write(`chaos: ${failed}\n`);
process.exitCode = failed === null && isShown(runs) ? 0 : 1;
