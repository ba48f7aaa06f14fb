import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, it } from "vitest";
import { z } from "zod";
import { redline, repository, Workplace } from "../kit/redline.ts";
import { NOTHING_LEFT, RunTrace } from "../kit/run-trace.ts";
import { eventually } from "../kit/until.ts";

const LIMIT_MS = 900_000;
/** All 60 arms take some four minutes; without it 20 of them: each scaffold with each brain, and each of both with each scenario. */
const ALL = process.env["REDLINE_EVERY_BRAIN"] === "all";
const ROWS = / {2}- \{ specimen: tiny, brain: \S+, scenario: \S+, scaffold: \S+ \}\n/g;
const [BRAINS, SCAFFOLDS, SCENARIOS] = [5, 4, 3];

/** The rows of `arms` come by scenario, in it by scaffold, in it by brain. */
const some = (text: string): string => {
  let row = 0;
  return text.replaceAll(ROWS, (line) => {
    const [brain, scaffold] = [row % BRAINS, Math.floor(row / BRAINS) % SCAFFOLDS];
    const scenario = Math.floor(row / (BRAINS * SCAFFOLDS));
    row += 1;
    return (brain + scaffold) % SCENARIOS === scenario ? line : "";
  });
};

/** The stub as a process of this machine, outside of any lab. */
async function stub(kind: "openai" | "ollama"): Promise<Disposable & { readonly url: string }> {
  const main = join(repository, "node-agent/dist/brains/stub-main.js");
  const child = spawn(process.execPath, [main, "--any", "--as", kind], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said: unknown[] = await once(createInterface(child.stdout), "line");
  const { url } = z.object({ url: z.string() }).parse(JSON.parse(String(said[0])));
  return { url, [Symbol.dispose]: () => void child.kill("SIGTERM") };
}

it(
  "one study file: four scaffolds, five kinds of brains, three scenarios, and every verdict is the expected one",
  async () => {
    await using place = new Workplace();
    using trace = new RunTrace(place.dir);
    using served = await stub("openai");
    using local = await stub("ollama");
    await cp(join(repository, "studies/transcripts"), join(place.dir, "transcripts"), { recursive: true });
    const whole = readFileSync(join(repository, "studies/every-brain.yaml"), "utf8");
    expect(whole.match(ROWS)).toHaveLength(BRAINS * SCAFFOLDS * SCENARIOS);
    const text = (ALL ? whole : some(whole))
      .replace('http://127.0.0.1:8000/v1", model', `${served.url}", model`)
      .replace('http://127.0.0.1:11434", model', `${local.url}", model`);
    const file = await place.study(text);
    const urls = ["--brain-url", served.url, "--brain-url", local.url];
    const run = await redline(["run", file, ...urls, "--state", place.state], place.dir).ended;
    expect({ code: run.code, stderr: run.stderr }).toMatchObject({ code: 0 });
    expect(run.stderr).not.toContain("no way out");
    await eventually("nothing is left", () => expect(trace.left()).toEqual(NOTHING_LEFT));

    const trials = [...place.projection().trials.values()];
    expect(trials).toHaveLength(ALL ? 60 : 20);
    expect(new Set(trials.map((t) => `${t.scaffold} ${t.scenario}`)).size).toBe(SCAFFOLDS * SCENARIOS);
    const kinds = new Set(
      trials.map((t) => `${t.scaffold} ${t.brain.replace(/.*-(local|cross)$/, "stored")}`),
    );
    expect(kinds.size).toBe(20);
    for (const trial of trials) {
      const right = trial.brain === "own" ? "refuted" : "confirmed";
      expect({ arm: trial.arm, ...trial.verdicts }).toEqual({
        arm: trial.arm,
        pan2024: right,
        strict: right,
      });
      const attempt = trial.attempts.at(-1);
      // What each was given, and every answer of its brain, is on the journal by the daemon's own hand.
      expect(attempt?.given).toMatchObject({
        scaffold: { kind: trial.scaffold },
        brain: { is: WHOSE[trial.brain] ?? "recorded" },
      });
      expect(attempt?.exchanges).toBeGreaterThanOrEqual(trial.scaffold === "single" ? 1 : 2);
      if (trial.brain === "served" || trial.brain === "local" || trial.brain === "own")
        expect(attempt?.promptTokens).toBeGreaterThan(0);
    }
  },
  LIMIT_MS,
);

const WHOSE: Readonly<Record<string, string>> = {
  competent: "scripted",
  served: "other",
  local: "other",
  own: "self",
};
