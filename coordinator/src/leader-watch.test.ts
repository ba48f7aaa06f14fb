import { expect, it } from "vitest";
import { GONE_MS, LeaderWatch } from "./leader-watch.ts";

const seen = (revision: number) => ({ revision, leader: null });

/** Looks every 250 ms; the time at which the leader counts as gone, null when it never does. */
function goneAt(looks: readonly (number | null)[], gapBefore = -1): number | null {
  const watch = new LeaderWatch();
  let nowMs = 0;
  for (const [i, revision] of looks.entries()) {
    nowMs += i === gapBefore ? 1500 : 250;
    if (watch.isGone(revision === null ? null : seen(revision), nowMs)) return nowMs;
  }
  return null;
}

it("counts a leader as gone after the time without a change", () => {
  expect(goneAt(Array<number>(30).fill(4))).toBe(250 + GONE_MS);
});

it("does not while it renews, however slowly", () => {
  expect(goneAt(Array.from({ length: 60 }, (_, i) => Math.floor(i / 9)))).toBeNull();
});

it("begins anew after a look that failed, and after a time in which it did not look", () => {
  const looks = Array<number | null>(30).fill(4);
  expect(goneAt(looks.with(8, null))).toBe(9 * 250 + 250 + GONE_MS);
  expect(goneAt(looks, 8)).toBe(8 * 250 + 1500 + GONE_MS);
});
