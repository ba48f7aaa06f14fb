import { createLogger, pause } from "@redline/daemon";
import { expect, it } from "vitest";
import { BusStore } from "./bus-store.ts";

const LEASE_MS = 240;

/** One whose answers are `answer`'s, and how often periods began anew. */
function storeOf(answer: () => Promise<{ seq: number; duplicate: boolean }>) {
  const ended = new AbortController();
  const bus = { upSinceMs: 0 as number | null, restarts: 0, restartPeriods: () => (bus.restarts += 1) };
  const publisher = { publish: answer };
  const log = createLogger("bus-store-test", "silent");
  const store = new BusStore({ publisher, bus, leaseMs: LEASE_MS, log });
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

it.each([
  ["refuses", () => Promise.reject(new Error("insufficient resources"))],
  ["does not answer", () => new Promise<never>(() => undefined)],
])("lets no lease run out while the bus %s, and says when it stores again", async (_, bad) => {
  let full = true;
  await using one = storeOf(() => (full ? bad() : stored()));
  await untilSo(() => one.bus.restarts > 2);
  expect(one.store.stores).toBe(false);
  full = false;
  await untilSo(() => one.store.stores);
});

it("says nothing of the store while there is no connection", async () => {
  let asked = 0;
  await using one = storeOf(() => {
    asked += 1;
    return Promise.reject(new Error("the connection is closed"));
  });
  one.bus.upSinceMs = null;
  await untilSo(() => asked > 3);
  expect(one.store.stores).toBe(true);
});
