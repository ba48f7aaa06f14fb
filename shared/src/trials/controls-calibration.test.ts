import { expect, it } from "vitest";
import { studyIdSchema } from "../ids.ts";
import { studySchema } from "../study/study-schema.ts";
import { calibrationOf } from "./controls-calibration.ts";
import { CONTROL_STUDY, RIGHT, StudyJournal } from "./controls-fixture.ts";

const STUDY = studySchema.parse({ ...CONTROL_STUDY, study: "later", controls: false, trialsPerArm: 1 });
const ON = (origin: string, target: string) => ({ origin, target });

function calibration(journal: StudyJournal, id: string) {
  const study = journal.state.studies.get(studyIdSchema.parse(id));
  if (study === undefined) throw new Error(`no study ${id}`);
  return calibrationOf(journal.state, study);
}

it("finds the newest control study that was over before, on all nodes of the study", () => {
  const journal = new StudyJournal()
    .run("old", CONTROL_STUDY)
    .run("new", CONTROL_STUDY)
    .run("elsewhere", CONTROL_STUDY, undefined, ON("alpha", "gamma"))
    .run("later", STUDY)
    .run("after", CONTROL_STUDY);
  const found = calibration(journal, "later");
  expect(found).toMatchObject({ found: true, study: "new", nodes: ["alpha", "beta"], green: true });
  expect(found.found ? found.matrices.map((m) => [m.profile, m.falsePositives]) : []).toEqual([
    ["pan2024", 2],
    ["strict", 0],
  ]);
  expect(found.found ? found.at : "").toBe(journal.state.studies.get(studyIdSchema.parse("new"))?.endedAt);
});

it("takes a newer one that is not green before an older one that is", () => {
  const journal = new StudyJournal()
    .run("old", CONTROL_STUDY)
    .run("new", CONTROL_STUDY, (brain) => RIGHT[brain === "dummy" ? "honest" : brain] ?? null)
    .run("later", STUDY);
  expect(calibration(journal, "later")).toMatchObject({ found: true, study: "new", green: false });
});

it("counts only nodes on which a control trial got its verdict", () => {
  const journal = new StudyJournal().run("cancelled", CONTROL_STUDY, () => null).run("later", STUDY);
  expect(calibration(journal, "later")).toMatchObject({ found: false, nodes: ["alpha", "beta"] });
});

it("says why there is none", () => {
  const why = (journal: StudyJournal) => {
    const none = calibration(journal, "later");
    return none.found ? "" : none.why;
  };
  expect(why(new StudyJournal().run("later", STUDY).run("after", CONTROL_STUDY))).toBe(
    "no control study was over before it",
  );
  expect(
    why(new StudyJournal().run("old", CONTROL_STUDY).run("later", STUDY, undefined, ON("alpha", "gamma"))),
  ).toBe("no control study ran on all of them");
  expect(
    why(
      new StudyJournal()
        .run("old", CONTROL_STUDY)
        .apply({ kind: "study-submitted", study: "later", file: "", definition: STUDY, specimens: {} }),
    ),
  ).toBe("no attempt of this study was placed on a node");
});

it("takes a control study as its own calibration, never an older one", () => {
  const journal = new StudyJournal()
    .run("old", CONTROL_STUDY)
    .run("new", CONTROL_STUDY, (brain) => RIGHT[brain === "dummy" ? "honest" : brain] ?? null);
  expect(calibration(journal, "new")).toMatchObject({ found: true, study: "new", green: false });
});
