import { expect, it } from "vitest";
import { isShown, runLines, summaryLines, type ChaosRun } from "./chaos-report.ts";

const run = (more: Partial<ChaosRun>): ChaosRun => ({
  ...{
    event: "run",
    seed: 3,
    ms: 12_345,
    attempts: 5,
    trials: 4,
    struck: [{ what: "nats-killed", hit: true }],
    faults: [],
    problems: [],
  },
  ...more,
});

it("puts a run on one line, and below it what differs and how to play it again", () => {
  expect(runLines(run({ faults: ["node-lost"] }))).toEqual([
    "seed 3      ok    12.3 s  5 attempts of 4 trials  nats-killed  [node-lost]",
  ]);
  expect(runLines(run({ problems: ["left: x"] })).slice(1)).toEqual([
    "    left: x",
    "    again: node test/dist/chaos/main.js --seed 3",
  ]);
});

it("counts seeds, differences and faults, the undisturbed run left out", () => {
  const lines = summaryLines([
    run({ seed: null, attempts: 4 }),
    run({ faults: ["node-lost", "cell-died"] }),
    run({
      ...{ seed: 4, problems: ["x"], faults: ["node-lost"] },
      struck: [{ what: "sshd-stopped: 0 of sshd", hit: false }],
    }),
  ]);
  expect(lines[0]).toContain("2 seeds, 1 differences; 1 faults that hit of 2, 10 attempts of 8 trials");
  expect(lines[1]).toBe("attempts that ended by a fault: node-lost 2, cell-died 1");
  expect(lines.at(-1)).toBe("differs: node test/dist/chaos/main.js --seed 4");
});

it("has shown something only when a seed was played", () => {
  expect(isShown([run({ seed: null })])).toBe(false);
  expect(summaryLines([run({ seed: null })])).toContain("no seed was played: give it more time");
  expect(isShown([run({ seed: null }), run({})])).toBe(true);
  expect(isShown([run({ seed: null }), run({}), run({ seed: 4, problems: ["x"] })])).toBe(false);
});
