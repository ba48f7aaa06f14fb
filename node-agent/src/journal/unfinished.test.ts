import { describe, expect, it } from "vitest";
import { linkRecord, EMPTY_HEAD, type NodeRecordBody } from "@redline/shared";
import { PastReader } from "./unfinished.ts";

function readPast(all: string[]) {
  const reader = new PastReader();
  for (const line of all) reader.take(line);
  return reader.past();
}

function lines(bodies: { trial: string; epoch: number; body: NodeRecordBody }[]): string[] {
  let head = EMPTY_HEAD;
  return bodies.map(({ trial, epoch, body }) => {
    const linked = linkRecord(head, {
      v: 1,
      node: "n1",
      bootId: "b",
      at: "2026-01-01T00:00:00.000Z",
      monoMs: 1,
      key: { trial, attempt: 1, epoch },
      body,
    });
    head = linked.head;
    return linked.line;
  });
}

describe("what a restarted daemon reads of its predecessor", () => {
  it("names what was accepted and never closed, everything accepted, and the highest term", () => {
    const past = readPast(
      lines([
        { trial: "t1", epoch: 1, body: { kind: "accepted", device: "origin", command: "c1" } },
        { trial: "t2", epoch: 3, body: { kind: "accepted", device: "target", command: "c2" } },
        { trial: "t1", epoch: 1, body: { kind: "device-closed", device: "origin" } },
      ]),
    );
    expect(past.unfinished).toEqual([{ key: { trial: "t2", attempt: 1, epoch: 3 }, device: "target" }]);
    expect([...past.accepted]).toEqual(["t1.1", "t2.1"]);
    expect(past.epoch).toBe(3);
  });

  it("knows the quarantine that holds: its first and newest reason, or none after a clearing", () => {
    const record = (body: NodeRecordBody) => ({ trial: "t1", epoch: 1, body });
    const all = [
      record({ kind: "quarantined", why: "kill-file: drill" }),
      record({ kind: "cleared", who: "op", why: "over" }),
      record({ kind: "quarantined", why: "kill-signal: x" }),
      record({ kind: "quarantined", why: "found" }),
    ];
    expect(readPast(lines(all)).quarantine).toEqual({
      ...{ v: 1, why: "kill-signal: x", newest: "found", killed: true },
      at: "2026-01-01T00:00:00.000Z",
    });
    expect(readPast(lines(all.slice(0, 2))).quarantine).toBeNull();
  });

  it("does not name again what was already reported lost", () => {
    const past = readPast(
      lines([
        { trial: "t1", epoch: 1, body: { kind: "accepted", device: "origin", command: "c1" } },
        { trial: "t1", epoch: 1, body: { kind: "lost", device: "origin", detail: "" } },
      ]),
    );
    expect(past.unfinished).toEqual([]);
  });
});
