#!/usr/bin/env node
import { readFile } from "node:fs/promises";
import { holdBrain } from "./hold-brain.ts";
import { openControl } from "./control.ts";
import { holdPlanSchema } from "./plan.ts";

/**
 * Holds a brain's broker for a cell that is in another network: the socket is a file, and files cross network namespaces. The
 * provider's address and key stay here. Ends when the command says so or is gone. Argument: file with the plan.
 */
const control = openControl();
try {
  const plan = holdPlanSchema.parse(JSON.parse(await readFile(process.argv[2] ?? "", "utf8")));
  const held = await holdBrain({ ...plan, signal: control.stopped });
  control.say({ event: "brain", label: held.label });
  await new Promise<void>((resolve) => {
    if (control.stopped.aborted) resolve();
    else control.stopped.addEventListener("abort", () => resolve(), { once: true });
  });
  control.say({ event: "used", ...held.used() });
  await held.close();
} catch (error) {
  control.say({ event: "failed", text: error instanceof Error ? error.message : String(error) });
}
await control.end();
process.exit(0);
