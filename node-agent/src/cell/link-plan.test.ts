import { expect, it } from "vitest";
import { linkPlan, slotOfName } from "./link-plan.ts";

it("gives each slot names and addresses of its own, short enough for the kernel", () => {
  expect(linkPlan(7)).toEqual({
    index: 7,
    netns: "redline-7",
    hostInterface: "rlc7",
    hostAddress: "10.88.7.1",
    cellAddress: "10.88.7.2",
    hostMac: "02:52:4c:00:07:01",
    cellMac: "02:52:4c:00:07:02",
  });
  expect(linkPlan(255).hostInterface.length).toBeLessThanOrEqual(15);
});

it.each([-1, 256, 1.5, Number.NaN])("refuses slot %d", (index) => {
  expect(() => linkPlan(index)).toThrow(RangeError);
});

it("finds the slot in names of its own and in no others", () => {
  expect(["redline-0", "rlc255", "rlc12"].map(slotOfName)).toEqual([0, 255, 12]);
  for (const name of ["rlc256", "rlc", "redline-", "redline-1x", "eth0", "xrlc1", "rlc-1"]) {
    expect(slotOfName(name)).toBeUndefined();
  }
});
