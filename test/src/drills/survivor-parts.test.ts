import { expect, it } from "vitest";
import { seededRandom, someOf } from "./seeded-random.ts";
import { PLANTS } from "./survivor-plants.ts";
import { upperBoundOfNone } from "./zero-of.ts";

it("draws the same for the same seed, and each plant about every second time", () => {
  const draws = (seed: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: 200 }, () => someOf(PLANTS, random).map(({ name }) => name));
  };
  expect(draws(7)).toEqual(draws(7));
  expect(draws(7)).not.toEqual(draws(8));
  for (const { name } of PLANTS) {
    const times = draws(7).filter((names) => names.includes(name)).length;
    expect([name, times > 60 && times < 140]).toEqual([name, true]);
  }
  expect(Math.min(...draws(7).map((names) => names.length))).toBeGreaterThan(0);
  expect(someOf(["only"], () => 0.9)).toEqual(["only"]);
});

it("knows twelve survivors, each by a name of its own", () => {
  expect(new Set(PLANTS.map(({ name }) => name)).size).toBe(12);
});

it("bounds what none in n trials can say", () => {
  // Published table values of the exact bound.
  expect(upperBoundOfNone(200)).toBeCloseTo(0.01487, 5);
  expect(upperBoundOfNone(20)).toBeCloseTo(0.1391, 4);
  expect(upperBoundOfNone(0)).toBe(1);
});
