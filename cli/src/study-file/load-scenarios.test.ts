import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { armsOf } from "@redline/shared";
import { writeWeights } from "../specimen/write-weights.ts";
import { loadStudy } from "./load-study.ts";

const STUDIES = join(import.meta.dirname, "../../../studies");
let dir = "";
/** The studies of the checkout, beside a specimen with weights, which a fresh one has not. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-studies-"));
  await cp(STUDIES, dir, { recursive: true });
  await writeWeights(join(dir, "specimens/tiny"), { seed: 7 });
});
afterAll(() => rm(dir, { recursive: true }));

const study = async (name: string) => {
  const loaded = await loadStudy(join(dir, name));
  if (!loaded.ok) throw new Error(loaded.mistakes.map(({ text }) => text).join("\n"));
  return loaded;
};

it("studies/scenarios.yaml has floor and ceiling of each scenario that it names, with what must come of them", async () => {
  const { study: file, scenarios } = await study("scenarios.yaml");
  expect(file.controls).toBe(true);
  const arms = armsOf(file);
  for (const [name, scenario] of Object.entries(scenarios))
    for (const [behaviour, verdict] of [
      [scenario.floor, "refuted"],
      [scenario.ceiling, "confirmed"],
    ] as const) {
      const own = arms.filter((arm) => {
        const brain = file.brains[arm.brain];
        return arm.scenario === name && brain?.provider === "scripted" && brain.behaviour === behaviour;
      });
      expect(own, `${name} ${behaviour}`).not.toHaveLength(0);
      for (const arm of own)
        expect(file.brains[arm.brain]).toMatchObject({ expect: { pan2024: verdict, strict: verdict } });
    }
});

it("studies/scaffolds.yaml crosses four scaffolds with three scenarios", async () => {
  const { study: file, scenarios } = await study("scaffolds.yaml");
  expect(Object.values(file.scaffolds).map(({ kind }) => kind)).toEqual([
    "pan2024",
    "tools",
    "react",
    "single",
  ]);
  expect(Object.keys(scenarios)).toHaveLength(3);
  expect(armsOf(file)).toHaveLength(4 * 3 * Object.keys(file.brains).length);
});
