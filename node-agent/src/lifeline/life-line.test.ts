import { describe, expect, it } from "vitest";
import { trialIdSchema } from "@redline/shared";
import { LifeLine } from "./life-line.ts";
import { BareNode } from "./lifeline-fixture.ts";

const LIMIT = 3000;
const setup = () => {
  const node = new BareNode();
  return { node, line: new LifeLine({ ...node.parts, limitMs: LIMIT }) };
};
const pulse = (beat: number, ...live: string[]) => ({
  verb: "pulse" as const,
  beat,
  live: live.map((trial) => ({ trial: trialIdSchema.parse(trial), attempt: 1 })),
});
/** Looks as the timer does, so that no look comes late. */
const pass = (node: BareNode, line: LifeLine, ms: number) => {
  for (const end = node.now + ms; node.now < end;) {
    node.now += 100;
    line.check();
  }
};
const emptied = (node: BareNode) =>
  node.records.map(({ body }) => body).filter(({ kind }) => kind === "emptied");

describe("the life line", () => {
  it("ends all when the coordinator is silent: cells first, then parts, then the record; and works on", async () => {
    const { node, line } = setup();
    node.cell("a-1-o");
    node.part("a");
    line.check();
    line.pulse(pulse(1, "a"), 1);
    pass(node, line, LIMIT - 100);
    expect(node.events).toEqual([]);
    pass(node, line, 100);
    await line.idle();
    expect(node.events).toEqual(["empty a-1-o", "told a coordinator-silent", "record emptied"]);
    expect(emptied(node)).toMatchObject([{ by: "coordinator-silent", cells: 1, tookMs: 5 }]);
    expect(node.registry.inUse).toBe(0);

    node.cells = [];
    node.part("b");
    line.pulse(pulse(2, "b"), 1);
    pass(node, line, LIMIT - 200);
    line.pulse(pulse(3, "b"), 1);
    pass(node, line, LIMIT - 200);
    expect(node.registry.inUse).toBe(1);
  });

  it("gives what starts without any pulse the limit, and no more", async () => {
    const { node, line } = setup();
    pass(node, line, 10 * LIMIT);
    node.part("a");
    line.check();
    pass(node, line, LIMIT - 100);
    expect(node.registry.inUse).toBe(1);
    pass(node, line, 100);
    await line.idle();
    expect(node.registry.inUse).toBe(0);
  });

  it("ends a cell that no part holds, too", async () => {
    const { node, line } = setup();
    node.cell("calibration-255");
    line.check();
    pass(node, line, LIMIT);
    await line.idle();
    expect(node.events).toContain("empty calibration-255");
    // It stays on the list when it cannot be proved gone; that is no reason to end it again and again.
    pass(node, line, 3 * LIMIT);
    await line.idle();
    expect(emptied(node)).toHaveLength(1);
  });

  it("ends an attempt that the pulses do not name, with its cells alone", async () => {
    const { node, line } = setup();
    for (const id of ["a-1-o", "a-1-t", "a-11-o", "b-1-o"]) node.cell(id);
    node.part("a");
    node.part("a", "target");
    node.part("b");
    line.check();
    for (let beat = 1; beat <= 6; beat++) {
      line.pulse(pulse(beat, "b"), 1);
      pass(node, line, LIMIT / 5);
    }
    await line.idle();
    expect(node.events.filter((event) => event.startsWith("empty"))).toEqual(["empty a-1-o", "empty a-1-t"]);
    expect(emptied(node)).toMatchObject([{ by: "not-renewed", cells: 2 }]);
    expect(node.records[0]?.key).toMatchObject({ trial: "a", attempt: 1 });
    expect(node.registry.all().map(({ key }) => key.trial)).toEqual(["b"]);
  });

  it("takes no pulse again, and none of a term that is over", () => {
    const { line } = setup();
    expect(line.pulse(pulse(5), 2)).toBe(true);
    expect(line.pulse(pulse(5), 2)).toBe(false);
    expect(line.pulse(pulse(4), 2)).toBe(false);
    expect(line.pulse(pulse(9), 1)).toBe(false);
    expect(line.pulse(pulse(1), 3)).toBe(true);
  });

  it("reads what waits for it before it judges, once, when it was held up itself", async () => {
    const { node, line } = setup();
    node.part("a");
    line.check();
    node.now += 2 * LIMIT;
    line.check();
    expect(node.registry.inUse).toBe(1);
    node.now += 1000;
    line.check();
    await line.idle();
    expect(node.registry.inUse).toBe(0);
  });
});
