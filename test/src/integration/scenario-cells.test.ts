import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { LAB_MODES } from "../kit/lab-modes.ts";

/** Real cells, laid out as a scenario and a condition say: each wall holds, and each obstacle can be got past. See cell.test.ts. */
const script = fileURLToPath(new URL("../../dist/integration/fixtures/scenario-checks.js", import.meta.url));
const run = promisify(execFile);
const lineSchema = z.object({ check: z.string(), ok: z.boolean(), error: z.string(), ms: z.number() });

// One after the other, as in cell.test.ts.
describe.each(LAB_MODES)("what a scenario does to cells in %s", (_, command) => {
  it.each(["obstacles", "conditions"])(
    "%s",
    async (group) => {
      const args = [...command, process.execPath, script, group];
      const { stdout, stderr } = await run("env", args, { timeout: 580_000, killSignal: "SIGKILL" });
      const lines = stdout
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => lineSchema.parse(JSON.parse(line)));
      expect(stderr).toBe("");
      expect(lines.filter(({ ok }) => !ok).map(({ check, error }) => `${check}: ${error}`)).toEqual([]);
      expect(lines.length).toBeGreaterThan(5);
    },
    600_000,
  );
});
