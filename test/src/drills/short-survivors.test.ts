import { expect, it } from "vitest";
import { runSurvivors } from "./run-survivors.ts";
import { isClean, type SurvivorAttempt } from "./survivor-report.ts";
import { PLANTS } from "./survivor-plants.ts";

/** Of those that a hardened cell does not even let be: by its system call filter, or because there is no cron in its view. */
const REFUSED = ["own-namespaces", "crontab-line", "sysv-shm"];

it("of 20 attempts with random survivors nothing is left", async () => {
  const done: SurvivorAttempt[] = [];
  for await (const attempt of runSurvivors(20, 20)) done.push(attempt);
  expect(done.filter((attempt) => !isClean(attempt))).toEqual([]);
  // The drill plants what it says that it plants.
  const planted = new Set(done.flatMap((attempt) => attempt.planted));
  const expected = PLANTS.map(({ name }) => name).filter((name) => !REFUSED.includes(name));
  expect([...planted]).toEqual(expect.arrayContaining(expected));
});
