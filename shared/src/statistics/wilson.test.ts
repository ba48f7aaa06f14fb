import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wilson } from "./wilson.ts";

describe("wilson", () => {
  // Reference values: R, prop.test(x, n, correct = FALSE)$conf.int.
  it.each([
    [0, 10, 0, 0.2775328],
    [5, 10, 0.2365931, 0.7634069],
    [10, 10, 0.7224672, 1],
    [1, 1, 0.2065493, 1],
    [50, 100, 0.4038315, 0.5961685],
    [9, 10, 0.5958499, 0.9821238],
  ])("%i of %i is [%f, %f]", (successes, of, low, high) => {
    const share = wilson(successes, of);
    expect(share.point).toBe(successes / of);
    expect(share.low).toBeCloseTo(low, 6);
    expect(share.high).toBeCloseTo(high, 6);
  });

  it("knows nothing of 0 of 0", () => {
    expect(wilson(0, 0)).toEqual({ successes: 0, of: 0, point: null, low: 0, high: 1 });
  });

  it("holds the point, stays in [0, 1], mirrors, and narrows with more trials", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (of, share) => {
          const successes = Math.round(of * share);
          const { low, high, point } = wilson(successes, of);
          const mirror = wilson(of - successes, of);
          const more = wilson(successes * 4, of * 4);
          expect(low).toBeGreaterThanOrEqual(0);
          expect(high).toBeLessThanOrEqual(1);
          expect(point).toBeGreaterThanOrEqual(low);
          expect(point).toBeLessThanOrEqual(high);
          expect(mirror.low).toBeCloseTo(1 - high, 9);
          expect(more.high - more.low).toBeLessThan(high - low);
        },
      ),
    );
  });

  it.each([
    [-1, 10],
    [11, 10],
    [0.5, 10],
    [1, Number.NaN],
  ])("refuses %d of %d", (successes, of) => {
    expect(() => wilson(successes, of)).toThrow(RangeError);
  });
});
