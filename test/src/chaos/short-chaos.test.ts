import { expect, it } from "vitest";
import { chaosPlan } from "./chaos-plan.ts";
import { runLines, type ChaosRun } from "./chaos-report.ts";
import { runChaos } from "./run-chaos.ts";

/** The short form of `npm run test:chaos`: the same lab and judgement, and few seeds with two faults each. */
const SEEDS = [2, 7, 14];

it("comes to the verdicts of an undisturbed run under drawn faults, and leaves nothing", async () => {
  expect(SEEDS.flatMap((seed) => chaosPlan(seed).faults).length).toBeGreaterThan(SEEDS.length);
  const runs: ChaosRun[] = [];
  for await (const run of runChaos({ seeds: SEEDS, until: null })) runs.push(run);
  expect(runs.filter(({ problems }) => problems.length > 0).flatMap(runLines)).toEqual([]);
  expect(runs.map(({ seed }) => seed)).toEqual([null, ...SEEDS]);
}, 400_000);
