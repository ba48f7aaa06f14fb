import { fileURLToPath } from "node:url";
import { runLabScript } from "../kit/lab-script.ts";
import { studyText, Workplace } from "../kit/redline.ts";
import { CELL_HEARTBEAT_MS, PULSE_LIMIT_MS, type DrillName } from "./drill-names.ts";
import { drillEventSchema, type Repeat } from "./drill-report.ts";

const script = fileURLToPath(new URL("../../dist/drills/in-drill-lab.js", import.meta.url));
/** With 20 attempts each: a blow costs one. */
const TRIALS = 10;

/**
 * Brings one lab up and does the drills in it; gives each repeat as it is over. All that was started ends with the generator.
 * @throws Error with the lab's own word and where its logs were when a cell stays, or the lab does not come back.
 */
export async function* runDrills(
  names: readonly DrillName[],
  repeats: number,
  onLine?: (text: string) => void,
): AsyncGenerator<Repeat, void> {
  await using place = new Workplace();
  const study = studyText({
    behaviours: ["never-stops"],
    scenarios: ["cross-device"],
    limits: ", turns: 1000",
    extra: `trialsPerArm: ${TRIALS}\nmaxAttempts: 20`,
  }).replace("timeS: 30", "timeS: 600");
  const plan = {
    hosts: ["alpha", "beta"],
    slots: 1,
    leaseMs: 3000,
    nodeSettings: {
      REDLINE_PULSE_LIMIT_MS: String(PULSE_LIMIT_MS),
      REDLINE_CELL_HEARTBEAT_MS: String(CELL_HEARTBEAT_MS),
    },
  };
  for await (const said of runLabScript({ place, script, study, plan, told: { names, repeats }, onLine })) {
    const event = drillEventSchema.parse(said);
    if (event.event === "repeat") yield event;
    if (event.event === "done") return;
  }
}
