import { describe, expect, it } from "vitest";
import { q8Rounded } from "./q8-rounding.ts";

describe("q8Rounded", () => {
  it("keeps what the format can hold, and the zeros of an empty block", () => {
    // 127 times a power of two: the scale is exact.
    const held = Float32Array.from({ length: 32 }, (_, n) => (n === 0 ? 127 : n) / 8);
    expect(q8Rounded(held)).toEqual(held);
    expect(q8Rounded(new Float32Array(32))).toEqual(new Float32Array(32));
  });

  it("moves every value by half a step at most, and each block by a step of its own", () => {
    const values = Float32Array.from({ length: 64 }, (_, n) => Math.sin(n * n) * (n < 32 ? 1 : 100));
    const rounded = q8Rounded(values);
    const steps = new Set([...rounded.subarray(0, 32)].map((value) => Math.round((value * 127) / 1)));
    expect(steps.size).toBeGreaterThan(8);
    for (const [n, value] of values.entries()) {
      const step = (n < 32 ? 1 : 100) / 127;
      expect(Math.abs((rounded[n] ?? NaN) - value)).toBeLessThan(step * 0.6);
    }
    expect(rounded).not.toEqual(values);
  });
});
