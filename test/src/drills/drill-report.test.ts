import { expect, it } from "vitest";
import { allUnder, percentile, reportLine, type Repeat } from "./drill-report.ts";

const repeat = (ms: number): Repeat => ({
  event: "repeat",
  drill: "nats-killed",
  repeat: 0,
  cells: 2,
  processes: 9,
  ms,
  limitMs: 4000,
  backMs: 1,
});
const hundred = Array.from({ length: 100 }, (_, i) => i + 1);

it("takes percentiles by nearest rank", () => {
  expect([0.5, 0.95, 1].map((share) => percentile(hundred, share))).toEqual([50, 95, 100]);
  expect(percentile([7], 0.5)).toBe(7);
});

it("says how many were not under the limit", () => {
  expect(reportLine(hundred.map(repeat))).toMatch(/^nats-killed .*n 100 .*p50 +50 ms .*all under 4000 ms$/);
  expect(reportLine([repeat(1), repeat(4000)])).toContain("1 NOT under 4000 ms");
  expect([allUnder([repeat(1)]), allUnder([repeat(4000)]), allUnder([])]).toEqual([true, false, false]);
});
