import { expect, it } from "vitest";
import { chaosPlan } from "./chaos-plan.ts";
import { runLines, type ChaosRun } from "./chaos-report.ts";
import { runChaos } from "./run-chaos.ts";

/** The short form of `npm run test:chaos`: the same lab, with a pair of coordinators, the same judgement, and few seeds with two faults each. */
const SEEDS = [15, 24, 63];

it("comes to the verdicts of an undisturbed run under drawn faults, and leaves nothing", async () => {
  const plans = SEEDS.map(chaosPlan);
  expect(plans.every(({ pair, faults }) => pair && faults.length > 1)).toBe(true);
  // One of them loses its leader, and one has it frozen.
  const kinds = plans.flatMap(({ faults }) => faults.map(({ kind }) => kind));
  expect(kinds).toEqual(expect.arrayContaining(["leader-killed", "leader-stopped"]));
  const runs: ChaosRun[] = [];
  for await (const run of runChaos({ seeds: SEEDS, pair: true, until: null })) runs.push(run);
  expect(runs.filter(({ problems }) => problems.length > 0).flatMap(runLines)).toEqual([]);
  expect(runs.map(({ seed }) => seed)).toEqual([null, ...SEEDS]);
}, 400_000);
