import { expect, it } from "vitest";
import { HeldRuns } from "./held-runs.ts";

/** Two that find a slot when they may, and what happened to each. */
function setup() {
  const said: string[] = [];
  const held = new HeldRuns();
  const free = new Set<string>();
  const run = (trial: string, seq: number) => ({
    ...{ trial, attempt: 1, seq },
    working: () => void said.push(`working ${trial}`),
    retry: () => {
      said.push(`retry ${trial}`);
      return Promise.resolve(free.has(trial) ? ("over" as const) : ("busy" as const));
    },
    drop: () => void said.push(`drop ${trial}`),
  });
  held.hold(run("a", 1));
  held.hold(run("b", 2));
  return { said, held, free, run };
}

it("starts in the order in which they came, and tells the server that it still has the rest", async () => {
  const { said, held, free } = setup();
  await held.retry(0);
  expect(said.splice(0)).toEqual(["retry a", "working a", "working b"]);
  free.add("a");
  await held.retry(9_999);
  expect(said.splice(0)).toEqual(["retry a", "retry b"]);
  await held.retry(10_000);
  expect(said.splice(0)).toEqual(["retry b", "working b"]);
  expect(held.size).toBe(1);
});

it("keeps one of a message that comes again, and its place", async () => {
  const { said, held, free, run } = setup();
  held.hold(run("a2", 1));
  free.add("a2").add("b");
  await held.retry(0);
  expect(said).toEqual(["retry a2", "retry b"]);
  expect(held.size).toBe(0);
});

it("never starts what was cancelled meanwhile, or stopped", async () => {
  const { said, held } = setup();
  held.cancel("a", 0);
  held.cancel("a", 1);
  await held.retry(0);
  expect(said.splice(0)).toEqual(["drop a", "retry b", "working b"]);
  held.stop();
  await held.retry(1);
  expect([said, held.size]).toEqual([["drop b"], 0]);
});
