import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checksInLab, machineTraces } from "../kit/checks-in-lab.ts";
import { LAB_MODES } from "../kit/lab-modes.ts";

/** Real cells. The checks are `fixtures/isolate-checks.ts`. */
const groups = ["freeze", "link", "weights", "look"] as const;

describe.concurrent.each(LAB_MODES)("a cell cut, stopped and looked into, in %s", (_, lab) => {
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
      const { count, failed, stderr } = await checksInLab(lab, "isolate-checks", group);
      expect(stderr).toBe("");
      expect(count).toBeGreaterThan(2);
      expect(failed).toEqual([]);
    },
    600_000,
  );
});
