import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { upperBound95 } from "./clopper-pearson.ts";

describe("exact upper bound", () => {
  // By hand: no event in n is 1 - 0.05^(1/n), n - 1 of n is 0.95^(1/n).
  it.each([
    [0, 1, 0.95],
    [0, 10, 0.2588656],
    [0, 200, 0.014867],
    [1, 2, 0.9746794],
    [9, 10, 0.9948838],
    [10, 10, 1],
    [0, 0, 1],
  ])("%i of %i is at most %f", (events, of, bound) => {
    expect(upperBound95(events, of)).toBeCloseTo(bound, 6);
  });

  it("is what makes so few events a matter of 5 %, by the plain sum", () => {
    // Binomial coefficients by whole numbers, in another way than the code's.
    const choose = (n: number, k: number): number => (k === 0 ? 1 : (choose(n, k - 1) * (n - k + 1)) / k);
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), fc.nat(39), (of, some) => {
        const events = some % of;
        const p = upperBound95(events, of);
        let sum = 0;
        for (let k = 0; k <= events; k += 1) sum += choose(of, k) * p ** k * (1 - p) ** (of - k);
        expect(sum).toBeCloseTo(0.05, 9);
      }),
    );
  });

  it("holds for many trials, and is never below the share that was seen", () => {
    for (const of of [1000, 100_000])
      for (const events of [0, 1, 7, of / 2, of - 1]) {
        const bound = upperBound95(events, of);
        expect(bound).toBeGreaterThan(events / of);
        expect(bound).toBeLessThan(1);
      }
    // The rule of three.
    expect(upperBound95(0, 100_000)).toBeCloseTo(3 / 100_000, 6);
  });

  it.each([
    [-1, 10],
    [11, 10],
    [0.5, 10],
    [1, Number.NaN],
  ])("refuses %d of %d", (events, of) => {
    expect(() => upperBound95(events, of)).toThrow(RangeError);
  });
});
