import { describe, expect, it } from "vitest";
import { checksInLab } from "../kit/checks-in-lab.ts";
import { LAB_MODES } from "../kit/lab-modes.ts";

/** The life line, kills and the census on real cells. The checks are `fixtures/lifeline-checks.ts`. */
describe.concurrent.each(LAB_MODES)("the life line in %s", (_, lab) => {
  it.each(["drills", "census"])(
    "%s",
    async (group) => {
      const { count, failed, stderr } = await checksInLab(lab, "lifeline-checks", group);
      expect(stderr).toBe("");
      expect(count).toBeGreaterThan(2);
      expect(failed).toEqual([]);
    },
    600_000,
  );
});
