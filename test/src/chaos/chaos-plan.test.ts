import { expect, it } from "vitest";
import { chaosPlan } from "./chaos-plan.ts";
import { CROSS_DEVICE, TRIALS } from "./chaos-study.ts";
import { FAULT_KINDS, MOMENTS, needsPair, victimsOf } from "./planned-fault.ts";

const SEEDS = Array.from({ length: 200 }, (_, index) => index + 1);
const all = SEEDS.map(chaosPlan);
const faults = all.flatMap((plan) => plan.faults);

it("gives the same plan for the same seed, and others for others", () => {
  expect(SEEDS.map(chaosPlan)).toEqual(all);
  expect(new Set(all.map((plan) => JSON.stringify(plan.faults))).size).toBe(SEEDS.length);
});

it("covers every kind at least ten times in 200 seeds, everyone it can be for, and each part of an attempt", () => {
  for (const kind of FAULT_KINDS) {
    const ofKind = faults.filter((fault) => fault.kind === kind);
    expect([kind, ofKind.length >= 10]).toEqual([kind, true]);
    expect([kind, ...new Set(ofKind.map(({ of }) => of))].toSorted()).toEqual(
      [kind, ...victimsOf(kind, true)].toSorted(),
    );
  }
  for (const moment of MOMENTS) expect(faults.some((fault) => fault.moment === moment)).toBe(true);
});

it("has two at once, and pairs of coordinators, in a share of the seeds", () => {
  const together = all.filter(({ faults: [a, b] }) => a?.afterMs === b?.afterMs && a?.moment === b?.moment);
  expect(together.length).toBeGreaterThan(30);
  expect(all.filter((plan) => plan.faults.length >= 2).length).toBeGreaterThan(60);
  const pairs = all.filter(({ pair }) => pair);
  expect(pairs.length).toBeGreaterThan(40);
  expect(pairs.length).toBeLessThan(100);
});

it("strikes a pair only where there is one, and a leader for longer than the other one waits", () => {
  for (const plan of all)
    for (const { kind, of, forMs } of plan.faults) {
      expect(victimsOf(kind, plan.pair)).toContain(of);
      if (!needsPair(kind)) continue;
      expect(plan.pair).toBe(true);
      expect(forMs).toBeGreaterThan(5000);
    }
});

it("draws what can be done: known trials, bounded times, both ways of a clock, no sshd of an agent at work", () => {
  for (const fault of faults) {
    expect(fault.trial).toBeLessThan(TRIALS);
    expect(fault.forMs).toBeLessThanOrEqual(8000);
    if (fault.kind === "sshd-killed") expect(fault.moment).not.toBe("run");
    if (fault.of === "between") expect(CROSS_DEVICE).toContain(fault.trial);
  }
  const steps = faults.flatMap(({ kind, size }) => (kind === "clock-stepped" ? size : []));
  expect(steps.some((step) => step > 0) && steps.some((step) => step < 0)).toBe(true);
  expect(steps.every((step) => step !== 0)).toBe(true);
});
