import { describe, expect, it } from "vitest";
import { linkPlan } from "./link-plan.ts";
import { linkQuery, linkSetting, parseLinkState } from "./link-state.ts";

const shown = (flags: string[], operstate: string) => JSON.stringify([{ ifname: "rlc3", flags, operstate }]);

describe("the link of a cell", () => {
  it("is set and asked for on the host's end, by its slot's name", () => {
    const plan = linkPlan(3);
    expect(linkSetting(plan, "down")).toEqual(["link", "set", "dev", "rlc3", "down"]);
    expect(linkQuery(plan)).toEqual(["-j", "link", "show", "dev", "rlc3"]);
  });

  it.each([
    [["BROADCAST", "UP", "LOWER_UP"], "UP", "up"],
    [["BROADCAST"], "DOWN", "down"],
    [["BROADCAST", "UP"], "DOWN", undefined],
    [["BROADCAST"], "UP", undefined],
  ])("with flags %j and state %s is %s", (flags, operstate, state) => {
    expect(parseLinkState(shown(flags, operstate))).toBe(state);
  });

  it("is nothing when the tool says something else", () => {
    expect(() => parseLinkState("[]")).toThrow();
  });
});
