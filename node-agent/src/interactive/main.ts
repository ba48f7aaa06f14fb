#!/usr/bin/env node
import { readFile } from "node:fs/promises";
import { openControl } from "./control.ts";
import { byHandPlanSchema } from "./plan.ts";
import { runByHand } from "./run-by-hand.ts";

/**
 * The agent by hand (`redline agent`): runs as root of namespaces of its own, as a lab's host is. stdin and stdout are those of the
 * agent in its cell, descriptor 3 is the command's. Everything ends with the command. Argument: file with the plan.
 */
const control = openControl();
try {
  await runByHand(byHandPlanSchema.parse(JSON.parse(await readFile(process.argv[2] ?? "", "utf8"))), control);
} catch (error) {
  // A stop by hand is no failure: whatever it broke off says so in its own words.
  if (!control.stopped.aborted)
    control.say({ event: "failed", text: error instanceof Error ? error.message : String(error) });
}
await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
await control.end();
process.exit(0);
