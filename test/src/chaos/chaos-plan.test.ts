import { expect, it } from "vitest";
import { chaosPlan, FAULT_KINDS, MOMENTS, TRIALS } from "./chaos-plan.ts";

const SEEDS = Array.from({ length: 200 }, (_, index) => index + 1);
const all = SEEDS.map(chaosPlan);

it("gives the same plan for the same seed, and others for others", () => {
  expect(SEEDS.map(chaosPlan)).toEqual(all);
  expect(new Set(all.map(({ faults }) => JSON.stringify(faults))).size).toBe(SEEDS.length);
});

it("covers every kind at least ten times in 200 seeds, each part of an attempt, and two at once", () => {
  const faults = all.flatMap((plan) => plan.faults);
  for (const kind of FAULT_KINDS)
    expect([kind, faults.filter((fault) => fault.kind === kind).length >= 10]).toEqual([kind, true]);
  for (const moment of MOMENTS) expect(faults.some((fault) => fault.moment === moment)).toBe(true);
  const disks = new Set(faults.filter(({ kind }) => kind === "disk-full").map(({ of }) => of));
  expect([...disks].toSorted()).toEqual(["coordinator", "nats", "origin", "target"]);
  expect(all.filter((plan) => plan.faults.length >= 2).length).toBeGreaterThan(60);
});

it("draws what can be done: known trials, bounded times, both ways of a clock, no sshd of an agent at work", () => {
  for (const { faults } of all)
    for (const fault of faults) {
      expect(fault.trial).toBeLessThan(TRIALS);
      expect(fault.forMs).toBeLessThanOrEqual(8000);
      expect(fault.latestMs).toBeLessThanOrEqual(12_000);
      if (fault.kind === "sshd-killed") expect(fault.moment).not.toBe("run");
    }
  const steps = all.flatMap((plan) =>
    plan.faults.flatMap(({ kind, size }) => (kind === "clock-stepped" ? size : [])),
  );
  expect(steps.some((step) => step > 0) && steps.some((step) => step < 0)).toBe(true);
  expect(steps.every((step) => step !== 0)).toBe(true);
});
