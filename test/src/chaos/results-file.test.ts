import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { chaosPlan } from "./chaos-plan.ts";
import type { ChaosRun } from "./chaos-report.ts";
import { faultText } from "./planned-fault.ts";
import { ResultsFile } from "./results-file.ts";

const run = (seed: number | null, problems: string[] = []): ChaosRun => ({
  ...{ event: "run", seed, pair: false, slowBy: "tbf", ms: 1, attempts: 4, trials: 4, faults: [], problems },
  struck: chaosPlan(seed ?? 0).faults.map((fault) => ({
    ...{ kind: fault.kind, of: fault.of, what: `${faultText(fault)}: x`, hit: true, fromMs: 0, toMs: 1 },
  })),
});

it("goes on after what was played, plays again what differed, and keeps that it did", async () => {
  const folder = await mkdtemp(join(tmpdir(), "redline-results-"));
  try {
    const path = join(folder, "results.jsonl");
    const first = new ResultsFile(path);
    expect(first.waiting([1, 2, 3])).toEqual([1, 2, 3]);
    for (const one of [run(null), run(1), run(2, ["left: x"])]) first.add(one);
    // Killed while it wrote.
    await appendFile(path, '{"event":"run","se');

    const second = new ResultsFile(path);
    expect(second.waiting([1, 2, 3])).toEqual([2, 3]);
    expect(second.differedOnce()).toEqual([]);
    second.add(run(2));
    second.add(run(3));
    const third = new ResultsFile(path);
    expect(third.waiting([1, 2, 3])).toEqual([]);
    expect(third.runs().map(({ seed }) => seed)).toEqual([1, 2, 3]);
    expect(third.differedOnce()).toEqual([2]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it("does not count a run whose plan was another one", async () => {
  const folder = await mkdtemp(join(tmpdir(), "redline-results-"));
  try {
    const file = new ResultsFile(join(folder, "results.jsonl"));
    file.add({ ...run(1), struck: run(2).struck });
    expect(file.runs()).toEqual([]);
    expect(file.waiting([1])).toEqual([1]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
