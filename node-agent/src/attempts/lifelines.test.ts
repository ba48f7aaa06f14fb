import { describe, expect, it } from "vitest";
import { Lifelines } from "./lifelines.ts";

const later = () => {
  let end: (value: { reason: string }) => void = () => undefined;
  const died = new Promise<{ reason: string }>((resolve) => {
    end = resolve;
  });
  return { died, end };
};
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("lifelines of an attempt", () => {
  it("tells a fault of the instrument from what the agent did to its own cell", async () => {
    const [ours, theirs] = [later(), later()];
    const [a, b] = [new Lifelines(ours, null), new Lifelines(theirs, null)];
    ours.end({ reason: "heartbeat" });
    theirs.end({ reason: "sshd" });
    await settled();
    expect(() => a.throwIfBroken()).toThrow(/heartbeat/);
    expect(() => b.throwIfBroken()).not.toThrow();
    expect([a.endedByAgent, b.endedByAgent]).toEqual([false, true]);
  });

  it("tells of a dead cell at once after the road was cut on purpose, and of what had happened before it was asked", async () => {
    const [cell, relay] = [later(), later()];
    const lines = new Lifelines(cell, { ended: relay.died.then(() => undefined) });
    const told: string[] = [];
    lines.whenBroken(({ message }) => told.push(message));
    lines.cutRoad();
    relay.end({ reason: "" });
    await settled();
    expect(told).toEqual([]);
    cell.end({ reason: "heartbeat" });
    await settled();
    expect(told).toEqual(["the cell ended: heartbeat"]);
    const late: string[] = [];
    lines.whenBroken(({ fault }) => late.push(fault));
    expect(late).toEqual(["cell-died"]);
  });

  it.each(["sshd", "limit", "over-cap"])("calls %s the agent's doing, no fault of ours", async (reason) => {
    const cell = later();
    const lines = new Lifelines(cell, null);
    cell.end({ reason });
    await lines.explainEmptyCell(() => new Promise(() => undefined));
    expect(lines.endedByAgent).toBe(true);
  });

  it.each(["destroyed", "killed", "ttl", "heartbeat", "eof"])("calls %s a fault", async (reason) => {
    const cell = later();
    const lines = new Lifelines(cell, null);
    cell.end({ reason });
    await lines.broken;
    expect(() => lines.throwIfBroken()).toThrow(reason);
    expect(lines.endedByAgent).toBe(false);
  });

  it("holds the road until it is cut on purpose, and the cell after that", async () => {
    const cell = later();
    const road = Promise.resolve();
    const early = new Lifelines(later(), { ended: road });
    const meant = new Lifelines(cell, { ended: road });
    meant.cutRoad();
    await settled();
    expect(() => early.throwIfBroken()).toThrow(/relay/);
    expect(() => meant.throwIfBroken()).not.toThrow();
    cell.end({ reason: "killed" });
    await settled();
    expect(() => meant.throwIfBroken()).toThrow(/killed/);
  });

  it("says nothing of what ends after it was let go", async () => {
    const cell = later();
    const lines = new Lifelines(cell, null);
    lines.letGo();
    cell.end({ reason: "destroyed" });
    await settled();
    expect(() => lines.throwIfBroken()).not.toThrow();
  });
});
