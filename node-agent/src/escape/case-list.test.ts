import { escapeResultSchema, selfTestSchema } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { ALL_CASES } from "./case-list.ts";

describe("the list of escape cases", () => {
  it("has each id once, and text for people", () => {
    expect(new Set(ALL_CASES.map(({ id }) => id)).size).toBe(ALL_CASES.length);
    for (const { id, what, expected } of ALL_CASES) {
      expect(id).toMatch(/^[a-z0-9-]{2,60}$/);
      expect([what.length > 10, expected.length > 5], id).toEqual([true, true]);
    }
  });

  it("is as long as the issue wants it, and fits into a report with the suite's own failure", () => {
    expect(ALL_CASES.length).toBeGreaterThanOrEqual(40);
    const result = escapeResultSchema.parse({ id: "x", outcome: "stopped", by: "y", detail: "z" });
    const cases = new Array(ALL_CASES.length + 1).fill(result);
    expect(selfTestSchema.shape.cases.safeParse(cases).success).toBe(true);
  });
});
