import { expect, it } from "vitest";
import { isShown, runLines, summaryLines, type ChaosRun, type StruckFault } from "./chaos-report.ts";

const blow = (more: Partial<StruckFault>): StruckFault => ({
  ...{ kind: "nats-killed", of: "nats", what: "nats-killed", hit: true, fromMs: 0, toMs: 1000 },
  ...more,
});

const run = (more: Partial<ChaosRun>): ChaosRun => ({
  ...{
    event: "run",
    ...{ seed: 3, pair: false, slowBy: "tbf" },
    ms: 12_345,
    attempts: 5,
    trials: 4,
    struck: [blow({})],
    faults: [],
    problems: [],
  },
  ...more,
});

it("puts a run on one line, and below it what differs and how to play it again", () => {
  expect(runLines(run({ faults: ["node-lost"] }))).toEqual([
    "seed 3             ok    12.3 s  5 attempts of 4 trials  nats-killed  [node-lost]",
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
      struck: [blow({ kind: "sshd-stopped", of: "target", hit: false })],
    }),
  ]);
  expect(lines[0]).toContain(
    "2 seeds (0 with a pair of coordinators), 1 differences; 1 faults that hit of 2, in 0 seeds two or more at once; 10 attempts of 8 trials",
  );
  expect(lines[2]).toBe("attempts that ended by a fault: node-lost 2, cell-died 1");
  expect(lines.at(-1)).toBe("differs: node test/dist/chaos/main.js --seed 4");
});

it("says of each kind how many hit, and whom", () => {
  const struck = [blow({}), blow({ hit: false }), blow({ kind: "link-cut", of: "between" })];
  const lines = summaryLines([run({ struck })]);
  expect(lines.find((line) => line.startsWith("| nats-killed"))).toMatch(/\| 1 of 2 +\| nats 1 of 2 +\|/);
  expect(lines.find((line) => line.startsWith("| link-cut"))).toMatch(/\| 1 of 1 +\| between 1 of 1 +\|/);
});

it("counts two at once where both hit, and one was not over", () => {
  const second = blow({ fromMs: 900, toMs: 5000 });
  const late = blow({ fromMs: 2000, toMs: 5000 });
  const count = (...struck: StruckFault[]) =>
    /in (\d) seeds/.exec(summaryLines([run({ struck })])[0] ?? "")?.[1];
  expect(count(blow({}), second)).toBe("1");
  expect(count(blow({}), late)).toBe("0");
  expect(count(blow({}), { ...second, hit: false })).toBe("0");
});

it("has shown something only when a seed was played", () => {
  expect(isShown([run({ seed: null })])).toBe(false);
  expect(summaryLines([run({ seed: null })])).toContain("no seed was played: give it more time");
  expect(isShown([run({ seed: null }), run({})])).toBe(true);
  expect(isShown([run({ seed: null }), run({}), run({ seed: 4, problems: ["x"] })])).toBe(false);
});
