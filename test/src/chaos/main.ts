import { chaosArgs } from "./chaos-args.ts";
import { isShown, runLines, summaryLines, type ChaosRun } from "./chaos-report.ts";
import { playSeeds } from "./play-seeds.ts";
import { ResultsFile } from "./results-file.ts";

/**
 * `node test/dist/chaos/main.js [--seeds FROM-TO] [--seed N] [--labs N] [--minutes M] [--out FILE]`: whole studies in a real lab under drawn
 * faults (docs/chaos.md). Exit code 1 when a run differs from the undisturbed one, or leaves anything, or none was played.
 */
const args = chaosArgs(process.argv.slice(2));
if (!args.ok) {
  process.stderr.write(`chaos: ${args.why}\n`);
  process.exit(2);
}
const { labs, minutes, out } = args;
const file = out === null ? null : new ResultsFile(out);
const played: ChaosRun[] = [];
const say = (line: string) => process.stdout.write(`${line}\n`);
const failed = await playSeeds({
  seeds: file?.waiting(args.seeds) ?? args.seeds,
  labs,
  until: minutes === null ? null : Date.now() + minutes * 60_000,
  onRun(run) {
    played.push(run);
    file?.add(run);
    for (const line of runLines(run)) say(line);
  },
  onLine: (text) => process.stderr.write(`${text}\n`),
}).then(
  () => null,
  (error: unknown) => (error instanceof Error ? error.message : String(error)),
);
const runs = file === null ? played : file.runs().filter(({ seed }) => args.seeds.includes(seed ?? 0));
for (const line of summaryLines(runs)) say(line);
const once = file?.differedOnce() ?? [];
if (once.length > 0) say(`differed once, and not when they were played again: ${once.join(", ")}`);
if (failed !== null) process.stderr.write(`chaos: ${failed}\n`);
process.exitCode = failed === null && isShown(runs) ? 0 : 1;
