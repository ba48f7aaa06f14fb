import { nodeIdSchema, type TimelineEntry } from "@redline/shared";
import { expect, it } from "vitest";
import { showTimeline } from "./show-timeline.ts";

/** Entries a second apart. */
type Told = Partial<TimelineEntry> & Pick<TimelineEntry, "what">;
function axis(...told: readonly Told[]): TimelineEntry[] {
  return told.map((entry, i) => ({
    at: new Date(i * 1000).toISOString(),
    ms: i * 1000,
    errorMs: null,
    node: nodeIdSchema.parse("beta"),
    seq: i + 1,
    device: "target",
    generation: 1,
    detail: `entry ${i + 1}`,
    ...entry,
  }));
}
const many = (n: number, entry: Told) => Array.from({ length: n }, () => entry);

it("puts many agent steps in a row on one line, and never hides another record among them", () => {
  const steps = many(4, { what: "agent-step" });
  expect(showTimeline(axis(...steps, { what: "port", detail: "port 8001 opened" }, ...steps), 100)).toEqual([
    "  +0.000 s  beta  agent-step  4 times, to +3.000 s; first: entry 1; last: entry 4 [#1 to #4]",
    "  +4.000 s  beta  port        port 8001 opened [#5]",
    "  +5.000 s  beta  agent-step  4 times, to +8.000 s; first: entry 6; last: entry 9 [#6 to #9]",
  ]);
  expect(showTimeline(axis(...many(3, { what: "agent-step" })), 100)).toHaveLength(3);
});

it("keeps questions of different moments, generations and nodes apart, and stops one by one", () => {
  const probe = (detail: string) => ({ what: "probe" as const, detail });
  const lines = showTimeline(
    axis(
      ...many(4, probe("in the window: 2 of 2")),
      ...many(4, probe("with the link down: 2 of 2")),
      ...many(4, { ...probe("with the link down: 2 of 2"), generation: 2 }),
      ...many(4, { ...probe("with the link down: 2 of 2"), node: nodeIdSchema.parse("alpha") }),
      ...many(5, { what: "stopped" }),
    ),
    200,
  );
  expect(lines).toHaveLength(9);
  expect(lines[2]).toContain("generation 2: 4 times");
});

it("leaves the middle of a long axis out and says how many records that are", () => {
  const lines = showTimeline(axis(...many(200, { what: "untested" })), 100);
  expect(lines).toHaveLength(81);
  expect(lines[40]).toBe("  ... 120 records left out here (all: --json)");
  expect(lines.at(-1)).toContain("entry 200");
});

it("is safe for a terminal and keeps to its width", () => {
  const detail = `\u001b[2Jw\u202e\n${"x".repeat(500)}`;
  const lines = showTimeline(axis({ what: "file", detail }, ...many(5, { what: "file", detail })), 80);
  expect(lines.join("\n")).not.toMatch(/[\u001b\u202e]/);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
});

it("shows a clock that went back as it is", () => {
  expect(showTimeline(axis({ what: "link", ms: -1500 }), 100)[0]).toContain("-1.500 s");
});

it("says how wrong a time on the coordinator's clock may be, rounded up", () => {
  expect(showTimeline(axis({ what: "link", ms: 12_345.6, errorMs: 1.2 }), 100)[0]).toContain(
    "+12.346 \u00b10.002 s",
  );
});
