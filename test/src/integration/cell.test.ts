import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checksInLab, machineTraces } from "../kit/checks-in-lab.ts";
import { LAB_MODES } from "../kit/lab-modes.ts";

/** Real cells. The checks are `fixtures/cell-checks.ts`. */
const groups = ["view", "calls", "limits", "network", "failure", "ssh", "death"] as const;

// One after the other: a cell that is filled up to its limit of processes takes them from every cell of the same user.
describe.each(LAB_MODES)("cells in %s", (_, lab) => {
  let before: unknown;
  beforeAll(() => {
    before = machineTraces();
  });
  afterAll(() => {
    expect(machineTraces()).toEqual(before);
  });

  it.each(groups)(
    "%s",
    async (group) => {
      const { count, failed, stderr } = await checksInLab(lab, "cell-checks", group);
      expect(stderr).toBe("");
      expect(count).toBeGreaterThan(2);
      expect(failed).toEqual([]);
    },
    600_000,
  );
});
