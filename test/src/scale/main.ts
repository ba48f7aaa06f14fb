import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { runScale, type ScaleResult } from "./run-scale.ts";

/** `npm run test:scale -- [--nodes N] [--trials N]`: one run of that size; without either, the three whose growth is compared. */
const say = (text: string) => process.stdout.write(`${text}\n`);
const { values } = parseArgs({
  options: {
    nodes: { type: "string" },
    trials: { type: "string" },
    slots: { type: "string", default: "1" },
    "work-ms": { type: "string", default: "50" },
    "timeout-s": { type: "string", default: "3600" },
  },
});
const whole = (name: string, text: string, most: number): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  process.stderr.write(`test:scale: --${name} is a whole number from 1 to ${most}, not ${text}\n`);
  process.exit(2);
};
const single = values.nodes !== undefined || values.trials !== undefined;
const sizes = single
  ? [[whole("nodes", values.nodes ?? "1000", 1000), whole("trials", values.trials ?? "20000", 100_000)]]
  : [
      [100, 2000],
      [1000, 2000],
      [1000, 20_000],
    ];

const results: ScaleResult[] = [];
for (const [nodes = 0, trials = 0] of sizes) {
  say(`${nodes} nodes, ${trials} trials; load of the machine before: ${(loadavg()[0] ?? 0).toFixed(1)}`);
  const result = await runScale({
    ...{ nodes, trials, slots: whole("slots", values.slots, 64), say: (line) => say(`  ${line}`) },
    workMs: whole("work-ms", values["work-ms"], 600_000),
    timeoutMs: whole("timeout-s", values["timeout-s"], 86_400) * 1000,
  });
  results.push(result);
  const { journal, started, startedTwice, wallMs, cpuS, rssMiB, lagP99Ms, lagMaxMs, pageMs } = result;
  say(`  journal: ${journal.records} records, ${journal.attempts} attempts, ${journal.done} trials done`);
  say(`  nodes: ${started} starts, ${startedTwice.length} of them twice`);
  say(
    `  ${(wallMs / 1000).toFixed(1)} s, ${((trials / wallMs) * 1000).toFixed(0)} trials/s; coordinator: ${cpuS.toFixed(1)} s of CPU (${((cpuS / trials) * 1000).toFixed(2)} ms a trial), ` +
      `${rssMiB.toFixed(0)} MiB, loop lag p99 ${lagP99Ms.toFixed(0)} ms, longest ${lagMaxMs.toFixed(0)} ms, metrics page ${pageMs.toFixed(0)} ms at most`,
  );
  for (const problem of journal.problems) say(`  PROBLEM: ${problem}`);
}
const [few, many, all] = results;
if (few !== undefined && many !== undefined && all !== undefined) {
  const times = (a: number, b: number) => `${(a / b).toFixed(2)} times`;
  say(
    `10 times the nodes: ${times(many.cpuS, few.cpuS)} the CPU, ${times(many.rssMiB, few.rssMiB)} the memory`,
  );
  say(
    `10 times the trials: ${times(all.cpuS, many.cpuS)} the CPU, ${times(all.rssMiB, many.rssMiB)} the memory`,
  );
}
const bad = results.some(
  ({ journal, startedTwice }) => journal.problems.length > 0 || startedTwice.length > 0,
);
process.exit(bad ? 1 : 0);
