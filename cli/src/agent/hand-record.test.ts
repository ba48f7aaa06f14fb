import { describe, expect, it } from "vitest";
import { createPaint } from "../terminal/colour.ts";
import type { ChildEvent } from "./child-event.ts";
import { endingLines } from "./ending-lines.ts";
import { HandRecord } from "./hand-record.ts";

const ended = (code: number | null, how: "exited" | "time-limit" = "exited"): ChildEvent => ({
  event: "agent-ended",
  how,
  code,
  signal: null,
});
const gone = (...left: string[]): ChildEvent => ({
  event: "gone",
  clean: left.length === 0,
  left,
  dropped: 3,
});
const told = (...events: ChildEvent[]) => {
  const record = new HandRecord("scripted:competent");
  for (const event of events) record.take(event);
  return record;
};
const calm = { used: null, left: [], interrupted: false };

describe("what an agent by hand came to", () => {
  it.each([
    ["a good end", [ended(0), gone()], calm, 0],
    ["an agent that failed", [ended(1), gone()], calm, 1],
    ["a limit", [ended(null, "time-limit"), gone()], calm, 1],
    ["Ctrl-C before anything was up", [], { ...calm, interrupted: true }, 130],
    ["Ctrl-C", [ended(null), gone()], { ...calm, interrupted: true }, 130],
    ["a cell that is still there", [ended(0), gone("pid 7")], calm, 4],
    ["a process in its namespaces", [ended(0), gone()], { ...calm, left: ["9 sshd"] }, 4],
    ["a survivor, at Ctrl-C too", [gone("pid 7")], { ...calm, interrupted: true }, 4],
  ])("%s", (_, events, end, code) => {
    expect(told(...events).outcome(end).code).toBe(code);
  });

  it("is an error with its reason where no agent came up", () => {
    expect(() => told({ event: "failed", text: "no cell" }).outcome(calm)).toThrow("no cell");
    expect(() => told().outcome(calm)).toThrow("ended by itself");
  });

  it("is told with what is still there, made safe", () => {
    const outcome = told(ended(0), gone("pid \u001b[31m7")).outcome(calm);
    const lines = endingLines(outcome, createPaint(false));
    expect(lines).toContain("NOT STERILE: after the cell's end there is still:");
    expect(lines).toContain("  pid 7");
    expect(endingLines(told(ended(0), gone()).outcome(calm), createPaint(false)).at(-1)).toBe(
      "the cell is gone, and proved to be; its guard threw 3 packets away",
    );
  });
});
