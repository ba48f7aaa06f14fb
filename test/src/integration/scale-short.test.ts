import { expect, it } from "vitest";
import { runScale } from "../scale/run-scale.ts";

it("does each of many trials exactly once on many nodes", async () => {
  const result = await runScale({
    ...{ nodes: 30, trials: 300, slots: 2, workMs: 20 },
    say: () => undefined,
    timeoutMs: 280_000,
  });
  expect(result.journal.problems).toEqual([]);
  expect(result.journal).toMatchObject({ done: 300, attempts: 300 });
  expect(result).toMatchObject({ started: 300, startedTwice: [] });
}, 300_000);
