import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { LAB_MODES } from "../kit/lab-modes.ts";

/**
 * The life line, kills and the census on real cells, in a lab namespace of their own. vitest cannot run inside one, so the checks are a script
 * (`fixtures/lifeline-checks.ts`) that prints a line a check; when its namespace ends, nothing of it is left.
 */
const script = fileURLToPath(new URL("../../dist/integration/fixtures/lifeline-checks.js", import.meta.url));
const run = promisify(execFile);
const groups = ["drills", "census"] as const;

const lineSchema = z.union([
  z.object({ check: z.string(), ok: z.boolean(), error: z.string(), ms: z.number() }),
  z.object({ note: z.string(), value: z.number() }),
]);

describe.concurrent.each(LAB_MODES)("the life line in %s", (_, command) => {
  it.each(groups)(
    "%s",
    async (group) => {
      const args = [...command, process.execPath, script, group];
      const { stdout, stderr } = await run("env", args, { timeout: 580_000, killSignal: "SIGKILL" });
      const lines = stdout
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => lineSchema.parse(JSON.parse(line)));
      const checks = lines.flatMap((line) => ("check" in line ? [line] : []));
      expect(stderr).toBe("");
      expect(checks.length).toBeGreaterThan(2);
      expect(checks.filter(({ ok }) => !ok).map(({ check, error }) => `${check}: ${error}`)).toEqual([]);
    },
    600_000,
  );
});
