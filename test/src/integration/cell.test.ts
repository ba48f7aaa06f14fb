import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { LAB_MODES } from "../kit/lab-modes.ts";

/**
 * Real cells in a lab namespace of their own. vitest cannot run inside one, so the checks are a script
 * (`fixtures/cell-checks.ts`) that prints a line a check; when its namespace ends, nothing of it is left.
 */
const script = fileURLToPath(new URL("../../dist/integration/fixtures/cell-checks.js", import.meta.url));
const run = promisify(execFile);
const groups = ["view", "calls", "limits", "network", "failure", "ssh", "death"] as const;

const lineSchema = z.union([
  z.object({ check: z.string(), ok: z.boolean(), error: z.string(), ms: z.number() }),
  z.object({ note: z.string(), value: z.number() }),
]);

/** What a test could leave on the machine. */
function traces(): unknown {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return {
    mounts: mounts.filter((line) => /netns|redline/.test(line)),
    links: readFileSync("/proc/net/dev", "utf8")
      .split("\n")
      .filter((line) => line.trim().startsWith("rlc")),
    namespaces: existsSync("/run/netns/redline-0"),
  };
}

// One after the other: a cell that is filled up to its limit of processes takes them from every cell of the same user.
describe.each(LAB_MODES)("cells in %s", (_, command) => {
  let before: unknown;
  beforeAll(() => {
    before = traces();
  });
  afterAll(() => {
    expect(traces()).toEqual(before);
  });

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
