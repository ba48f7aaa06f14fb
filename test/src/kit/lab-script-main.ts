import { readFileSync } from "node:fs";
import { submitRequestSchema } from "@redline/shared";
import type { z } from "zod";
import { labPlanSchema } from "../../../cli/dist/lab/lab-protocol.js";

/** What `runLabScript` tells every script; each has more of its own. */
export const labScriptTold = { plan: labPlanSchema, study: submitRequestSchema };

/** One object a line, to whoever launched the lab. */
export const say = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

/**
 * The life of a script that `runLabScript` launched: reads what it is told, works, and ends, with the launcher at the latest. When PID 1 of the
 * namespaces ends, the kernel ends everything in the lab. What `work` throws is said as `failed`.
 */
export function labScript<T>(toldSchema: z.ZodType<T>, work: (told: T) => Promise<void>): void {
  process.stdin.on("end", () => process.exit(3)).resume();
  const main = async () => work(toldSchema.parse(JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"))));
  main().then(
    () => process.exit(0),
    (error: unknown) => {
      const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : "";
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
      say({ event: "failed", text: `${what}${cause}` });
      process.exit(1);
    },
  );
}
