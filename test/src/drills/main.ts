import { drillArgs } from "./drill-names.ts";
import { allUnder, reportLine, type Repeat } from "./drill-report.ts";
import { runDrills } from "./run-drills.ts";

/**
 * `node test/dist/drills/main.js [--repeats N] [--only NAME,...]`: how long after each blow no process is left in any cell, seen from
 * outside. Exit code 1 when one was not empty within its limit.
 */
const args = drillArgs(process.argv.slice(2));
if (!args.ok) {
  process.stderr.write(`drills: ${args.why}\n`);
  process.exit(2);
}
const done = new Map<string, Repeat[]>();
const note = (text: string) => process.stderr.write(`${text}\n`);
const show = (name: string) => process.stdout.write(`${reportLine(done.get(name) ?? [])}\n`);
let last = "";
for await (const repeat of runDrills(args.names, args.repeats, note)) {
  if (last !== "" && last !== repeat.drill) show(last);
  last = repeat.drill;
  done.set(last, [...(done.get(last) ?? []), repeat]);
  note(
    `${last} ${repeat.repeat + 1}: ${repeat.processes} processes in ${repeat.cells} cells gone after ${repeat.ms.toFixed(0)} ms, at work again after ${(repeat.backMs / 1000).toFixed(1)} s`,
  );
}
show(last);
process.exitCode = [...done.values()].every(allUnder) ? 0 : 1;
