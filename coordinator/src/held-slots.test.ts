import { coordinatorRecordSchema, nodeIdSchema, Projection } from "@redline/shared";
import { createLogger } from "@redline/daemon";
import { expect, it } from "vitest";
import { AttemptOrders } from "./attempt-orders.ts";
import { heldSlots } from "./held-slots.ts";
import { scenariosFixture } from "./projection-fixture.ts";

const n1 = nodeIdSchema.parse("n1");
const RELEASE_MS = 60_000;
const key = { trial: "s-0000-001", attempt: 1, epoch: 1 };
const definition = {
  ...{ study: "s", specimens: { tiny: { path: "x" } }, scenarios: ["local-copy"], trialsPerArm: 1 },
  brains: { b: { provider: "scripted", behaviour: "competent" } },
};
const submitted = {
  ...{ kind: "study-submitted", study: "s-0000", file: "", definition },
  specimens: { tiny: { name: "tiny", sha256: "a".repeat(64) } },
  scenarios: scenariosFixture(["local-copy"]),
};
const placed = { kind: "placed", study: "s-0000", key, devices: { origin: "n1", target: "n1" } };
const invalid = { kind: "invalid", key, fault: "ssh-failed", detail: "", retry: true };
const started = (epoch: number) => ({ kind: "coordinator-started", epoch, version: "1" });

/** A journal with the clock of whoever wrote each record: minutes of the day, and what it says. */
function stateOf(...lines: readonly (readonly [number, unknown])[]): Projection {
  const state = new Projection({ keepRecords: "live" });
  for (const [minute, body] of lines) state.apply(recordOf(minute, body));
  return state;
}
const recordOf = (minute: number, body: unknown) =>
  coordinatorRecordSchema.parse({
    ...{ v: 1, seq: 1, prev: "0".repeat(64), at: new Date(minute * 60_000).toISOString(), monoMs: 0, body },
  });

/** Slots that are held when the running term has seen the end for so long. */
const held = (state: Projection, seenMs = 0) =>
  heldSlots(
    state.trials.values(),
    { nowMs: seenMs, since: () => 0, sinceEndMs: (attempt) => state.sinceEndMs(attempt) },
    RELEASE_MS,
  ).get(n1)?.slots ?? 0;

const ended = [
  [0, started(1)],
  [1, submitted],
  [2, placed],
  [3, invalid],
] as const;

it("holds the slot of an ended attempt for a while by its own monotonic clock, however far another's clock is away", () => {
  for (const minute of [3, 600, -600]) {
    const state = stateOf(...ended, [minute, started(2)]);
    expect(held(state)).toBe(1);
    expect(held(state, RELEASE_MS + 1)).toBe(0);
  }
});

it("gives no fresh period to what ended long before its term did, by that term's clock", () => {
  const seen = { kind: "study-paused", study: "s-0000", who: "ann", why: "w" };
  expect(held(stateOf(...ended, [9, seen]))).toBe(1);
  expect(held(stateOf(...ended, [9, seen], [-600, started(2)]))).toBe(0);
  // What ended in the next term is no older than that term says.
  expect(held(stateOf(...ended.slice(0, 3), [9, seen], [-600, started(2)], [-600, invalid]))).toBe(1);
});

it("has nothing to do with attempts of another lab whose nodes have the same names", () => {
  const imported = ended.slice(1).map(([minute, body]) => {
    const line = JSON.stringify(recordOf(minute, body));
    return [minute, { kind: "imported", lab: "f".repeat(64), line }] as const;
  });
  const state = stateOf([0, started(1)], ...imported);
  expect(state.trials.size).toBe(1);
  expect(held(state)).toBe(0);
  const told: string[] = [];
  const dispatcher = {
    epoch: 2,
    tell: () => void told.push("tell"),
    send: () => Promise.resolve(null),
    ask: () => Promise.resolve(null),
    withdraw: () => Promise.resolve(),
  };
  const mirror = { sync: () => Promise.resolve() };
  const orders = new AttemptOrders(dispatcher, mirror, createLogger("test", "silent"));
  orders.resume(state);
  expect(told).toEqual([]);
  const own = stateOf(...ended);
  orders.resume(own);
  expect(told).toEqual(["tell"]);
});
