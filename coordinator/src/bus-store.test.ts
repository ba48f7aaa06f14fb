import { createLogger, NotStoredError, pause } from "@redline/daemon";
import { expect, it } from "vitest";
import { BusStore } from "./bus-store.ts";

const LEASE_MS = 240;

/** One whose answers are `answer`'s, and how often periods began anew. */
function storeOf(
  answer: () => Promise<{ seq: number; duplicate: boolean }>,
  askLeases: () => Promise<unknown> = () => Promise.resolve(),
) {
  const ended = new AbortController();
  const bus = { upSinceMs: 0 as number | null, restarts: 0, restartPeriods: () => (bus.restarts += 1) };
  const publisher = { publish: answer };
  const log = createLogger("bus-store-test", "silent");
  const store = new BusStore({ publisher, askLeases, bus, leaseMs: LEASE_MS, log });
  const running = store.run(ended.signal);
  const end = async () => {
    ended.abort();
    await running;
  };
  return { store, bus, [Symbol.asyncDispose]: end };
}

const stored = () => Promise.resolve({ seq: 1, duplicate: false });
const untilSo = async (so: () => boolean) => {
  while (!so()) await pause(5, new AbortController().signal);
};

it("lets periods run while the bus stores", async () => {
  let asked = 0;
  await using one = storeOf(() => {
    asked += 1;
    return stored();
  });
  await untilSo(() => asked > 3);
  expect([one.store.stores, one.bus.restarts]).toEqual([true, 0]);
});

it("takes one late answer for a slow moment", async () => {
  let asked = 0;
  await using one = storeOf(() => {
    asked += 1;
    return asked % 2 === 1 ? new Promise<never>(() => undefined) : stored();
  });
  await untilSo(() => asked > 5);
  expect([one.store.stores, one.bus.restarts]).toEqual([true, 0]);
});

it("lets no lease run out while the stream of leases has no server", async () => {
  await using one = storeOf(stored, () => Promise.reject(new Error("no responders")));
  await untilSo(() => one.bus.restarts > 2);
  expect(one.store.stores).toBe(false);
});

it.each([
  ["refuses", () => Promise.reject(new NotStoredError("insufficient resources", 10023))],
  ["does not answer", () => new Promise<never>(() => undefined)],
])("lets no lease run out while the bus %s, and says when it stores again", async (_, bad) => {
  let full = true;
  await using one = storeOf(() => (full ? bad() : stored()));
  await untilSo(() => one.bus.restarts > 2);
  expect(one.store.stores).toBe(false);
  full = false;
  await untilSo(() => one.store.stores);
});

it("says that nothing is stored while there is no connection, and lets nothing begin anew", async () => {
  let asked = 0;
  await using one = storeOf(() => {
    asked += 1;
    return Promise.reject(new Error("the connection is closed"));
  });
  one.bus.upSinceMs = null;
  await untilSo(() => asked > 3);
  expect([one.store.stores, one.bus.restarts]).toEqual([false, 0]);
});
