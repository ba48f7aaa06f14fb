import { describe, expect, it } from "vitest";
import { sampleOf } from "./ask-time.ts";
import { CoordinatorClock } from "./coordinator-clock.ts";

function clock() {
  let now = 0;
  const known = new CoordinatorClock(() => now);
  return { known, at: (ms: number) => (now = ms) };
}
const sample = (takenMs: number, offsetMs: number, errorMs: number, epoch = 1) => ({
  ...{ epoch, offsetMs, errorMs, takenMs },
});

describe("what a node knows of the coordinator's clock", () => {
  it("is nothing before the first exchange", () => {
    const { known } = clock();
    expect([known.reading(), known.now(), known.epoch]).toEqual([null, null, 0]);
  });

  it("is the exchange that is best now: an old one grows worse by 200 ppm", () => {
    const { known, at } = clock();
    known.take(sample(0, 100, 1));
    known.take(sample(10_000, 103, 5));
    at(10_000);
    expect(known.reading()).toEqual({ epoch: 1, offsetMs: 100, errorMs: 3, ageMs: 10_000 });
    expect(known.now()).toEqual({ epoch: 1, nowMs: 10_100, errorMs: 3 });
    at(30_001);
    expect(known.reading()?.offsetMs).toBe(100);
    known.take(sample(30_000, 104, 1));
    expect(known.reading()?.offsetMs).toBe(104);
  });

  it("forgets all but the last eight, and what is of an older term", () => {
    const { known } = clock();
    known.take(sample(0, 1, 0));
    for (let i = 0; i < 8; i++) known.take(sample(0, 2, 1));
    expect(known.reading()?.offsetMs).toBe(2);
    known.take(sample(0, 9, 50, 2));
    known.take(sample(0, 3, 0, 1));
    expect(known.reading()).toMatchObject({ epoch: 2, offsetMs: 9, errorMs: 50 });
  });
});

it("takes what the coordinator itself took out of the round trip, and is right within its error", () => {
  // Ours stands 1000 behind: there 3 ms on the way, 4 within, 1 ms back.
  const found = sampleOf({ epoch: 1, t1Ms: 1003, t2Ms: 1007 }, 0, 8);
  expect(found).toEqual({ epoch: 1, offsetMs: 1001, errorMs: 2, takenMs: 8 });
  expect(Math.abs(found.offsetMs - 1000)).toBeLessThanOrEqual(found.errorMs);
});
