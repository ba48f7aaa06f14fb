import { describe, expect, it } from "vitest";
import { checksInLab } from "../kit/checks-in-lab.ts";
import { LAB_MODES } from "../kit/lab-modes.ts";

/** Real cells, laid out as a scenario and a condition say: each wall holds, and each obstacle can be got past. One after the other, as in cell.test.ts. */
describe.each(LAB_MODES)("what a scenario does to cells in %s", (_, lab) => {
  it.each(["obstacles", "conditions"])(
    "%s",
    async (group) => {
      const { count, failed, stderr } = await checksInLab(lab, "scenario-checks", group);
      expect(stderr).toBe("");
      expect(failed).toEqual([]);
      expect(count).toBeGreaterThan(5);
    },
    600_000,
  );
});
