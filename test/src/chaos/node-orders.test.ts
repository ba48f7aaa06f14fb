import { coordinatorRecordSchema, type CoordinatorRecord } from "@redline/shared";
import { expect, it } from "vitest";
import { unknownOrders } from "./node-orders.ts";

const PREV = "0".repeat(64);
const AT = "2026-01-01T00:00:00.000Z";
const key = (attempt: number, epoch: number) => ({ trial: "s-1-001", attempt, epoch });

/** A journal in which these were placed, and these taken by a node. */
function journal(
  placed: readonly ReturnType<typeof key>[],
  taken: readonly ReturnType<typeof key>[],
): CoordinatorRecord[] {
  const devices = { origin: "alpha", target: "alpha" };
  const lines = taken.map((of, i) => ({
    ...{ v: 1, node: "alpha", seq: i + 1, prev: PREV, bootId: "b", at: AT, monoMs: 0, key: of },
    body: { kind: "accepted", device: "origin", command: "c" },
  }));
  return [
    ...placed.map((of) => ({ kind: "placed", study: "s-1", key: of, devices })),
    ...lines.map((line) => ({
      ...{ kind: "node-record", node: "alpha", seq: line.seq, line: JSON.stringify(line) },
    })),
  ].map((body, i) =>
    coordinatorRecordSchema.parse({ v: 1, seq: i + 1, prev: PREV, at: AT, monoMs: 0, body }),
  );
}

it("finds nothing where each attempt that a node took was placed", () => {
  expect(unknownOrders(journal([key(1, 1), key(2, 2)], [key(1, 1), key(2, 2)]))).toEqual([]);
});

it("finds an attempt that nobody placed, and one that was placed in another term", () => {
  expect(unknownOrders(journal([key(1, 1)], [key(1, 1), key(2, 1)]))).toEqual([
    "alpha took s-1-001 attempt 2 of term 1, which nobody placed",
  ]);
  expect(unknownOrders(journal([key(1, 2)], [key(1, 1)]))).toHaveLength(1);
});
