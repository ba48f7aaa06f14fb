import { z } from "zod";
import { labScript, labScriptTold, say } from "../kit/lab-script-main.ts";
import { until } from "../kit/until.ts";
import { DrillLab } from "./drill-lab.ts";
import { DRILL_NAMES } from "./drill-names.ts";
import type { DrillEvent } from "./drill-report.ts";
import { DRILLS, type Drill } from "./drills.ts";
import { scan } from "./lab-scan.ts";

/**
 * PID 1 of the drills' lab (see run-drills.ts): one lab, in it each drill so many times, a line of JSON for each.
 */
const toldSchema = z.strictObject({
  ...labScriptTold,
  names: z.array(z.enum(DRILL_NAMES)),
  repeats: z.int(),
});
/** Far above any limit: what is not empty by then never will be. */
const GIVE_UP_MS = 30_000;
/** Blows fall at different moments of a turn and between two pulses. */
const JITTER_MS = 1000;

const tell = (event: DrillEvent) => say(event);
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

labScript(toldSchema, async ({ plan, study, names, repeats }) => {
  const lab = await DrillLab.up(plan, study);
  tell({ event: "up" });
  for (const drill of names)
    for (let repeat = 0; repeat < repeats;) {
      const done = await once(lab, DRILLS[drill], repeat);
      if (done === null) continue;
      tell({ event: "repeat", drill, repeat, ...done });
      repeat += 1;
    }
  tell({ event: "done" });
});
