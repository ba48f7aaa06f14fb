import { readFileSync } from "node:fs";
import { submitRequestSchema } from "@redline/shared";
import { z } from "zod";
import { labPlanSchema } from "../../../cli/dist/lab/lab-protocol.js";
import { until } from "../kit/until.ts";
import { DrillLab } from "./drill-lab.ts";
import { DRILL_NAMES } from "./drill-names.ts";
import type { DrillEvent } from "./drill-report.ts";
import { DRILLS, type Drill } from "./drills.ts";
import { scan } from "./lab-scan.ts";

/**
 * PID 1 of the drills' lab (see run-drills.ts): one lab, in it each drill so many times, a line of JSON for each. When it ends the kernel
 * ends everything that is in the lab. Argument: a file with the plan.
 */
const argsSchema = z.strictObject({
  plan: labPlanSchema,
  study: submitRequestSchema,
  names: z.array(z.enum(DRILL_NAMES)),
  repeats: z.int(),
});
/** Far above any limit: what is not empty by then never will be. */
const GIVE_UP_MS = 30_000;
/** Blows fall at different moments of a turn and between two pulses. */
const JITTER_MS = 1000;

const say = (event: DrillEvent) => process.stdout.write(`${JSON.stringify(event)}\n`);
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function once(lab: DrillLab, drill: Drill, repeat: number) {
  const { origin, target } = await lab.atWork();
  await wait(Math.random() * JITTER_MS);
  const victims = drill.victims({ origin, target, repeat });
  const rows = scan();
  const cells = lab.cells(victims, rows);
  const inCells = () => scan().filter(({ pidns }) => cells.has(pidns));
  const processes = inCells().length;
  // Ended for a reason of its own in this very moment: nothing was struck.
  if (cells.size < victims.length) return null;
  const struck = performance.now();
  drill.strike(lab, victims);
  await until(`${victims.join(" and ")}: no process in any cell`, () => inCells().length === 0, GIVE_UP_MS);
  const ms = performance.now() - struck;
  await drill.recover(lab, victims);
  const empty = performance.now();
  await lab.atWork();
  return { cells: cells.size, processes, ms, limitMs: drill.limitMs, backMs: performance.now() - empty };
}

async function main(): Promise<void> {
  process.stdin.on("end", () => process.exit(3)).resume();
  const { plan, study, names, repeats } = argsSchema.parse(
    JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")),
  );
  const lab = await DrillLab.up(plan, study);
  say({ event: "up" });
  for (const drill of names)
    for (let repeat = 0; repeat < repeats;) {
      const done = await once(lab, DRILLS[drill], repeat);
      if (done === null) continue;
      say({ event: "repeat", drill, repeat, ...done });
      repeat += 1;
    }
  say({ event: "done" });
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : "";
    say({ event: "failed", text: `${error instanceof Error ? error.message : String(error)}${cause}` });
    process.exit(1);
  },
);
