import { describe, expect, it } from "vitest";
import { EMPTY_HEAD, linkRecord, nodeIdSchema, subjects, type ChainHead } from "@redline/shared";
import { readRecord, RecordGate, type ReadRecord } from "./record-gate.ts";

const N1 = nodeIdSchema.parse("n1");
const N2 = nodeIdSchema.parse("n2");
const ENROLLED = new Set([N1, N2]);

/** The first `count` lines of a node's chain. */
function chainOf(instance: string, count: number): string[] {
  let head: ChainHead = EMPTY_HEAD;
  return Array.from({ length: count }, () => {
    const body = { kind: "node-started", version: "1", instance };
    const record = { v: 1, node: N1, bootId: "b", at: "2026-01-01T00:00:00Z", monoMs: 0, body };
    const linked = linkRecord(head, record);
    head = linked.head;
    return linked.line;
  });
}

function read(line: string | undefined): ReadRecord {
  const result = readRecord(subjects.record(N1), line ?? "", ENROLLED);
  if ("refused" in result) throw new Error(result.refused);
  return result;
}

describe("reading a record", () => {
  const [line = ""] = chainOf("a", 1);
  it.each([
    ["another node's name", subjects.record(N2), line, /names n1/],
    ["a node that is not enrolled", "redline.v1.evt.n9", line, /not enrolled/],
    ["what is not JSON", subjects.record(N1), "{", /not JSON/],
    ["an unknown shape", subjects.record(N1), "{}", /./],
  ])("refuses %s", (_what, subject, text, why) => {
    const result = readRecord(subject, text, ENROLLED);
    expect("refused" in result && result.refused).toMatch(why);
  });

  it("names a record of another version, and whose it is, whatever else it holds", () => {
    const other = JSON.stringify({ v: 2, node: "n1", all: "else", is: "new" });
    expect(readRecord(subjects.record(N1), other, ENROLLED)).toEqual({
      refused: "the coordinator speaks protocol 1 and the node daemon of n1 2: upgrade the coordinator",
      other: {
        node: N1,
        skew: {
          theirs: 2,
          upgrade: "the coordinator speaks protocol 1 and the node daemon of n1 2: upgrade the coordinator",
        },
      },
    });
    // By the subject alone, which only that node may write to.
    const forged = readRecord("redline.v1.evt.n9", other, ENROLLED);
    expect(forged).toEqual({ refused: "the sender is not enrolled" });
  });

  it("keeps the line byte for byte", () => {
    expect(read(line).line).toBe(line);
  });
});

describe("record gate", () => {
  it("lets each record through once and in order", () => {
    const [a, b, c] = chainOf("a", 3);
    const gate = new RecordGate();
    expect(gate.judge(read(a), false)).toEqual({
      pass: "take",
      missing: 0,
      broken: false,
      attemptBroken: null,
    });
    expect(gate.judge(read(c), false)).toEqual({ pass: "early" });
    expect(gate.judge(read(b), false)).toEqual({
      pass: "take",
      missing: 0,
      broken: false,
      attemptBroken: null,
    });
    expect(gate.judge(read(c), false)).toEqual({
      pass: "take",
      missing: 0,
      broken: false,
      attemptBroken: null,
    });
    expect(gate.judge(read(b), false)).toEqual({ pass: "duplicate" });
  });

  it("takes one over a gap when it is told to", () => {
    const [a, , c] = chainOf("a", 3);
    const gate = new RecordGate();
    gate.restore(N1, 1, a ?? "");
    expect(gate.judge(read(c), true)).toEqual({
      pass: "take",
      missing: 1,
      broken: false,
      attemptBroken: null,
    });
  });

  it("sees a record that does not link, and a node that began a new chain", () => {
    const gate = new RecordGate();
    const [a, b] = chainOf("a", 2);
    const [otherA, otherB] = chainOf("other", 2);
    gate.restore(N1, 1, a ?? "");
    expect(gate.judge(read(otherA), false)).toEqual({ pass: "other-chain" });
    expect(gate.judge(read(otherB), false)).toMatchObject({ pass: "take", broken: true });
    expect(gate.judge(read(b), false)).toEqual({ pass: "other-chain" });
  });
});
