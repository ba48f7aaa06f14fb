import { text } from "node:stream/consumers";
import type { OncePlan } from "./once-plan.ts";
import { putOnce } from "./put-once.ts";

/** Process entry, in the cell's network namespace as the prober is: one plan on stdin, one probe as a line on stdout. */
const isPlan = (value: unknown): value is OncePlan =>
  typeof value === "object" && value !== null && "addresses" in value && "timeoutMs" in value;

const plan: unknown = JSON.parse(await text(process.stdin));
// The daemon that started this process wrote the plan: nothing of it comes from the cell.
if (!isPlan(plan)) throw new Error("no plan on stdin");
process.stdout.write(`${JSON.stringify(await putOnce(plan))}\n`);
