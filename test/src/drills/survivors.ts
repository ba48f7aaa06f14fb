import { runSurvivors } from "./run-survivors.ts";
import { isClean, survivorLines, type SurvivorAttempt } from "./survivor-report.ts";

/**
 * `node test/dist/drills/survivors.js [--attempts N] [--seed N]`: whether anything outlives an attempt, at the level of cells: build, plant
 * over SSH, destroy, look. Exit code 1 when something did.
 */
const given = new Map<string, number>();
const args = process.argv.slice(2);
for (let i = 0; i < args.length; i += 2) {
  const [option = "", value = ""] = [args[i], args[i + 1]];
  if (!["--attempts", "--seed"].includes(option) || !/^\d{1,9}$/.test(value)) {
    process.stderr.write("usage: drills/survivors.js [--attempts N] [--seed N]\n");
    process.exit(2);
  }
  given.set(option, Number(value));
}
const attempts = given.get("--attempts") ?? 200;
const seed = given.get("--seed") ?? Math.floor(Math.random() * 1_000_000);
process.stdout.write(`seed ${seed}\n`);
const done: SurvivorAttempt[] = [];
const started = performance.now();
for await (const attempt of runSurvivors(attempts, seed)) {
  done.push(attempt);
  if (!isClean(attempt)) process.stderr.write(`${JSON.stringify(attempt)}\n`);
}
for (const line of survivorLines(done)) process.stdout.write(`${line}\n`);
process.stdout.write(`${((performance.now() - started) / 1000).toFixed(0)} s\n`);
process.exitCode = done.every(isClean) ? 0 : 1;
