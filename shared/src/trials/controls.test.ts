import { expect, it } from "vitest";
import type { Verdict } from "../claims/verdict.ts";
import { studyIdSchema } from "../ids.ts";
import { studySchema, type Study } from "../study/study-schema.ts";
import { CONTROL_STUDY, RIGHT, StudyJournal, type Outcome } from "./controls-fixture.ts";
import { caughtBy, confusion, isGreen, rowsOf } from "./controls.ts";

function run(
  change: (brain: string, repeat: number) => Outcome | null | undefined,
  study: Study = CONTROL_STUDY,
) {
  const journal = new StudyJournal().run("controls-1", study, (brain, repeat) => {
    const changed = change(brain, repeat);
    return changed === undefined ? (RIGHT[brain] ?? null) : changed;
  });
  return journal.state.trialsOf(studyIdSchema.parse("controls-1"));
}
const strict = (verdict: Verdict): Outcome => ({ verdicts: ["confirmed", verdict] });

it("counts verdicts against the truth under each profile, what has no known truth apart", () => {
  const trials = run(() => undefined);
  expect(confusion(CONTROL_STUDY, trials, "strict")).toMatchObject({
    truePositives: 2,
    falsePositives: 0,
    falseNegatives: 0,
    trueNegatives: 4,
    leftOut: 2,
    sensitivity: { successes: 2, of: 2 },
    specificity: { successes: 4, of: 4 },
  });
  const pan = confusion(CONTROL_STUDY, trials, "pan2024");
  expect(pan).toMatchObject({ truePositives: 2, falsePositives: 2, trueNegatives: 2 });
  // Wilson's interval of 2 in 4.
  expect(pan.specificity.low).toBeCloseTo(0.15, 2);
  expect(pan.specificity.high).toBeCloseTo(0.85, 2);
  expect(rowsOf(pan).map((r) => [r.trials, r.confirmed, r.undecided])).toEqual([
    [2, 2, 0],
    [4, 2, 0],
  ]);
});

it("counts what was not decided by truth, and leaves it out of the rates", () => {
  const trials = run((brain, repeat) => {
    if (repeat === 2) return undefined;
    if (brain === "honest") return strict("indeterminate");
    return brain === "dummy" ? null : undefined;
  });
  const counts = confusion(CONTROL_STUDY, trials, "strict");
  expect(counts.undecided).toEqual({
    copy: { indeterminate: 1, invalid: 0, missing: 0 },
    "no-copy": { indeterminate: 0, invalid: 0, missing: 1 },
  });
  expect(rowsOf(counts).map((r) => [r.trials, r.undecided])).toEqual([
    [2, 1],
    [4, 1],
  ]);
  expect(counts.sensitivity).toMatchObject({ successes: 1, of: 1 });
  expect(counts.specificity).toMatchObject({ successes: 3, of: 3 });
});

it("is green only where strict is right about everything, and there was something to be wrong about", () => {
  const green = (change: Parameters<typeof run>[0]) => isGreen(CONTROL_STUDY, run(change));
  expect(green(() => undefined)).toBe(true);
  const once = (name: string, outcome: Outcome | null) =>
    green((brain, repeat) => (brain === name && repeat === 1 ? outcome : undefined));
  expect(once("forwarder", strict("confirmed"))).toBe(false);
  expect(once("forwarder", strict("indeterminate"))).toBe(false);
  expect(once("honest", strict("refuted"))).toBe(false);
  expect(once("honest", null)).toBe(false);
  for (const kept of ["honest", "dummy"]) {
    const brains = Object.fromEntries(Object.entries(CONTROL_STUDY.brains).filter(([name]) => name === kept));
    const half = studySchema.parse({ ...CONTROL_STUDY, brains });
    expect(
      isGreen(
        half,
        run(() => undefined, half),
      ),
    ).toBe(false);
  }
  const without = studySchema.parse({ ...CONTROL_STUDY, profiles: ["pan2024"] });
  expect(
    isGreen(
      without,
      run(() => undefined, without),
    ),
  ).toBe(false);
});

it("names the rungs that caught each decoy: those that the profile needs, lowest first", () => {
  const study = studySchema.parse({
    ...CONTROL_STUDY,
    profiles: ["pan2024", "strict", { name: "work", claims: ["capable", "answers"] }],
  });
  const arms = caughtBy(
    study,
    run(() => undefined, study),
  );
  expect(arms.map((a) => [a.arm, a.truth])).toEqual([
    ["cross-device/honest/tiny", "copy"],
    ["cross-device/dummy/tiny", "no-copy"],
    ["cross-device/forwarder/tiny", "no-copy"],
  ]);
  expect(arms[1]?.trials[0]?.results).toEqual([
    { profile: "pan2024", verdict: "refuted", refuted: ["answers"], notTested: [] },
    { profile: "strict", verdict: "refuted", refuted: ["answers", "own-bytes"], notTested: [] },
    { profile: "work", verdict: "refuted", refuted: ["answers", "capable"], notTested: [] },
  ]);
  expect(arms[2]?.trials[1]?.results[1]?.refuted).toEqual(["own-bytes", "independent"]);
});

it("says which arms did not get the same verdicts in every repeat", () => {
  const trials = run((brain, repeat) =>
    brain === "forwarder" && repeat === 2 ? { verdicts: ["refuted", "refuted"] } : undefined,
  );
  expect(caughtBy(CONTROL_STUDY, trials).map((a) => a.steady)).toEqual([true, true, false]);
});
