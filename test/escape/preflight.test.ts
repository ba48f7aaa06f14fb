import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { preflightCheckSchema } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { LAB, LAB_MODES } from "../dist/kit/lab-modes.js";

/** Pre-flights of real cells, in a lab namespace of their own: see `run-preflight.ts`. */
const script = fileURLToPath(new URL("../../dist/escape/run-preflight.js", import.meta.url));
const run = promisify(execFile);
const LIMIT_MS = 280_000;

const foundSchema = z.array(
  z.object({
    ok: z.boolean(),
    checks: z.array(preflightCheckSchema).max(60),
    open: z.array(z.object({ canary: z.object({ host: z.string(), port: z.number() }), what: z.string() })),
    tookMs: z.number(),
  }),
);

async function preflights(command: readonly string[], ...args: string[]) {
  const all = [...command, process.execPath, script, ...args];
  const { stdout } = await run("env", all, { timeout: LIMIT_MS, killSignal: "SIGKILL" });
  const found = foundSchema.parse(JSON.parse(stdout));
  const [first] = found;
  if (first === undefined) throw new Error("no pre-flight");
  const bad = first.checks.filter(({ ok }) => !ok).map(({ check, detail }) => `${check}: ${detail}`);
  return { found, first, bad };
}

describe.concurrent.each(LAB_MODES)("in %s", (mode, command) => {
  it(
    "a pre-flight finds a whole cell good, with a road to its target and without one",
    async () => {
      const { found } = await preflights(command, "none");
      expect(found).toHaveLength(20);
      for (const { ok, checks, open } of found)
        expect([ok, checks.filter((check) => !check.ok), open]).toEqual([true, [], []]);
      const names = found[0]?.checks.map(({ check }) => check) ?? [];
      expect(names).toEqual(
        expect.arrayContaining(["no_new_privs", "limit: memory", "reaches the target", "drops are counted"]),
      );
      expect(found[10]?.checks.map(({ check }) => check)).not.toContain("reaches the target");
      const times = found.map(({ tookMs }) => Math.round(tookMs)).toSorted((a, b) => a - b);
      process.stdout.write(
        `pre-flight in ${mode}: median ${times[10]} ms, ${times[0]} to ${times.at(-1)} ms\n`,
      );
    },
    LIMIT_MS,
  );
});

describe.concurrent("a pre-flight refuses", () => {
  it(
    "a cell without its filter",
    async () => {
      const { first, bad } = await preflights(LAB, "no-filter", "once");
      expect(first.ok).toBe(false);
      expect(bad.map((text) => text.split(":")[0])).toEqual(["vsock socket", "netfilter socket"]);
    },
    LIMIT_MS,
  );

  it(
    "a cell whose wall has a hole, and names what answered",
    async () => {
      const { first, bad } = await preflights(LAB, "no-guard", "once");
      expect(first.ok).toBe(false);
      expect(first.open.map(({ canary }) => canary.port)).toEqual(expect.arrayContaining([4222]));
      expect(bad.join("\n")).toMatch(/canary tcp 10\.88\.0\.1:4222: ANSWERED/);
    },
    LIMIT_MS,
  );

  it(
    "a cell with other limits than were asked for",
    async () => {
      const { bad } = await preflights(LAB, "none", "other-limits");
      expect(bad.map((text) => text.split(":").slice(0, 2).join(":"))).toEqual([
        "limit: memory",
        "limit: processes",
        "limit: openFiles",
      ]);
    },
    LIMIT_MS,
  );

  it(
    "a cell that does not reach its target",
    async () => {
      const { bad } = await preflights(LAB, "none", "no-relay");
      expect(bad.some((text) => text.startsWith("reaches the target"))).toBe(true);
    },
    LIMIT_MS,
  );

  it(
    "a cell that cannot be asked",
    async () => {
      const { first, bad } = await preflights(LAB, "none", "no-session");
      expect(first.ok).toBe(false);
      expect(bad[0]).toMatch(/^the cell can be asked/);
    },
    LIMIT_MS,
  );
});
