import { pino } from "pino";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { COORDINATOR, coordinatorNameSchema } from "@redline/shared";
import type { Leader, LeaderSeen } from "./leader-key.ts";
import { LeaderTerm, STEP_DOWN_MS, type TermKey } from "./leader-term.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const mine: Leader = {
  v: 1,
  name: COORDINATOR,
  start: "s1",
  term: 3,
  at: "",
  free: false,
};
const other: Leader = { ...mine, name: coordinatorNameSchema.parse("coordinator-b"), start: "s2", term: 4 };

/** The bucket in memory. `lose`: what becomes of a write. */
class Key implements TermKey {
  there: LeaderSeen = { revision: 1, leader: mine };
  lose: "nothing" | "the answer" | "the write" = "nothing";

  read(): Promise<LeaderSeen> {
    return Promise.resolve(this.there);
  }

  write(leader: Leader, revision: number): Promise<number | null> {
    if (this.lose === "the write") return Promise.reject(new Error("timeout"));
    if (revision !== this.there.revision) return Promise.resolve(null);
    this.there = { revision: revision + 1, leader };
    return this.lose === "the answer" ? Promise.reject(new Error("timeout")) : Promise.resolve(revision + 1);
  }
}

function term(key: Key) {
  const clock = { monoMs: () => Date.now(), now: () => new Date() };
  const won = { revision: 1, sentMs: Date.now() };
  const made = new LeaderTerm(key, mine, won, clock, pino({ level: "silent" }));
  const lost: string[] = [];
  const end = new AbortController();
  made.keep((error) => lost.push(error.message), end.signal);
  return { term: made, lost, end };
}

it("holds as long as it renews, and leaves the place free at its end", async () => {
  const key = new Key();
  const { term: t, lost } = term(key);
  await vi.advanceTimersByTimeAsync(20_000);
  expect([t.holds(), lost]).toEqual([true, []]);
  await t.free();
  expect(key.there.leader).toMatchObject({ start: "s1", free: true });
  await vi.advanceTimersByTimeAsync(20_000);
  expect(key.there.leader).toMatchObject({ start: "s1", free: true });
});

it("is over when it could not be renewed, by the time of the last write that counted", async () => {
  const key = new Key();
  const { term: t, lost } = term(key);
  await vi.advanceTimersByTimeAsync(5000);
  key.lose = "the write";
  await vi.advanceTimersByTimeAsync(STEP_DOWN_MS - 600);
  expect(t.holds()).toBe(true);
  await vi.advanceTimersByTimeAsync(700);
  expect([t.holds(), lost.length]).toEqual([false, 1]);
  expect(lost[0]).toContain("could not be renewed");
});

it("goes on after a write whose answer was lost", async () => {
  const key = new Key();
  const { term: t, lost } = term(key);
  key.lose = "the answer";
  await vi.advanceTimersByTimeAsync(600);
  key.lose = "nothing";
  await vi.advanceTimersByTimeAsync(10_000);
  expect([t.holds(), lost]).toEqual([true, []]);
});

it("is over at once when another one took the place, and does not free it then", async () => {
  const key = new Key();
  const { term: t, lost } = term(key);
  key.there = { revision: 9, leader: other };
  await vi.advanceTimersByTimeAsync(600);
  expect([t.holds(), lost]).toEqual([false, ["coordinator-b leads now"]]);
  await t.free();
  expect(key.there.leader).toEqual(other);
});

it("is over when this process thaws after the time, before anything was renewed", () => {
  const { term: t } = term(new Key());
  vi.setSystemTime(Date.now() + STEP_DOWN_MS + 1);
  expect(t.holds()).toBe(false);
});
