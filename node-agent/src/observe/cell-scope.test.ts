import { describe, expect, it } from "vitest";
import { membersOf, type Placed } from "./cell-scope.ts";

const host = { bootId: "b", bootTimeMs: 0, ownPid: 500, ownNetns: "host-net", ownPidns: "host-pid" };
const scope = { initPid: 1000, netns: "cell-net", pidns: "cell-pid" };
const parents = new Map([
  [500, 1],
  [1000, 600], // bubblewrap's outer process
  [600, 500],
  [1001, 1000],
  [1100, 1001],
  [1101, 1100],
  [700, 500],
  [800, 1],
  [900, 901],
  [901, 900],
]);
const member = (pid: number, netns: string | null, pidns: string | null) => {
  const placed: Placed[] = [{ pid, netns, pidns }];
  return membersOf(scope, placed, host, (p) => parents.get(p) ?? null).length === 1;
};

describe("membersOf", () => {
  it("takes what is in the cell's PID namespace, whatever network it went to", () => {
    expect(member(1001, "cell-net", "cell-pid")).toBe(true);
    expect(member(1001, "other-net", "cell-pid")).toBe(true);
    expect(member(1001, null, "cell-pid")).toBe(true);
  });

  it("takes what lives in namespaces made inside the cell", () => {
    expect(member(1101, "nested-net", "nested-pid")).toBe(true);
    expect(member(1101, null, null)).toBe(true);
  });

  it("takes a stranger that joined the cell's network, but not the daemon's own visitors", () => {
    expect(member(800, "cell-net", "host-pid")).toBe(true);
    expect(member(700, "cell-net", "host-pid")).toBe(false);
    expect(member(600, "cell-net", "host-pid")).toBe(false);
  });

  it("leaves out the host and other cells", () => {
    expect(member(500, "host-net", "host-pid")).toBe(false);
    expect(member(800, "host-net", "host-pid")).toBe(false);
    expect(member(800, "other-net", "other-pid")).toBe(false);
  });

  it("ends on a circle of parents", () => {
    expect(member(900, "x", "y")).toBe(false);
  });
});
