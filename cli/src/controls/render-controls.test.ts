import { expect, it } from "vitest";
import { JournalState } from "../source/journal-state.ts";
import { createPaint } from "../terminal/colour.ts";
import { controlJournal, CONTROLS_ID } from "../testing/fixture-controls.ts";
import type { FixtureJournal } from "../testing/fixture-journal.ts";
import { controlSummary } from "./control-summary.ts";
import { controlsMarkdown } from "./controls-markdown.ts";
import { renderControls } from "./render-controls.ts";

function summaryOf(journal: FixtureJournal) {
  const state = new JournalState();
  state.take(journal.lines);
  const study = state.projection.studies.get(CONTROLS_ID);
  if (study === undefined) throw new Error("the fixture has no control study");
  return controlSummary(study, state.projection);
}
const text = (journal: FixtureJournal, columns = 100) =>
  renderControls(summaryOf(journal), createPaint(false), columns);
const page = (journal: FixtureJournal) =>
  controlsMarkdown(summaryOf(journal), { version: "1.2.3", node: "20" });

it("shows matrices, what caught each decoy, and which of them pan2024 confirmed", () => {
  expect(text(controlJournal()).join("\n"))
    .toBe(`control study controls-0001 (studies/fixture.yaml), 2026-11-21T12:00:14.000Z: 6 trials on alpha,
beta

confusion matrix of each profile
  profile, truth   n  confirmed  refuted  undecided  right         95 %
  pan2024, copies  2          2        0          0  100 %  34 to 100 %
  pan2024, decoys  4          2        2          0   50 %   15 to 85 %
  strict, copies   2          2        0          0  100 %  34 to 100 %
  strict, decoys   4          0        4          0  100 %  51 to 100 %

copies, and rungs that strict could not prove
  arm                       pan2024    strict     rungs
  cross-device/honest/tiny  confirmed  confirmed  -

decoys, and rungs that refuted them under strict
  arm                          pan2024    strict   rungs
  cross-device/dummy/tiny      refuted    refuted  3 answers (and 4 5)
  cross-device/forwarder/tiny  confirmed  refuted  4 own-bytes (and 7)

pan2024 wrongly confirmed 2 of 4 decided decoy trials:
  cross-device/forwarder/tiny (strict refuted: 4 own-bytes, 7 independent)

repeats: 2 of each arm, all with the same verdicts
GREEN: strict confirmed every copy and no decoy, and nothing is undecided`);
});

it("keeps to a narrow terminal", () => {
  const lines = text(controlJournal(), 60);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(72);
  expect(lines).toContain("    pan2024 confirmed, strict refuted; 4 own-bytes (and 7)");
});

it("says what is wrong where it is not green, and which repeats differ", () => {
  const wrong = controlJournal(
    { forwarder: ["confirmed", "confirmed"], honest: ["confirmed", "indeterminate"] },
    true,
  );
  const lines = text(wrong, 140).join("\n");
  expect(lines).toContain(
    "NOT GREEN: strict confirmed 1 of 4 decoy trials; undecided under strict: 1 of 6 trials",
  );
  expect(lines).toContain("2 of 3 arms did NOT get the same verdicts in all of them:");
  expect(lines).toContain("  cross-device/forwarder/tiny: pan2024 confirmed; strict confirmed 1, refuted 1");
  expect(lines).toContain("not the known right ones: 2 verdicts");
  expect(lines).toContain("cross-device/honest/tiny     strict  expected confirmed  got indeterminate");
  expect(summaryOf(wrong)).toMatchObject({ green: false, steady: false });
  expect(page(wrong)).toContain("strict confirmed 1 of 4 decoy trials; undecided under");
  expect(page(wrong)).toContain("## Verdicts that are not the known right ones");
});

it("is not green before it is over", () => {
  const lines = controlJournal().lines.slice(0, -1);
  const state = new JournalState();
  state.take(lines);
  const study = state.projection.studies.get(CONTROLS_ID);
  expect(study === undefined ? null : controlSummary(study, state.projection)).toMatchObject({
    green: false,
    endedAt: null,
  });
});

it("writes the same as a page of Markdown", () => {
  const markdown = page(controlJournal());
  for (const line of [
    "**GREEN: strict confirmed every copy and no decoy, and nothing is undecided.**",
    "repeats: 2 of each arm, all with the same verdicts",
    "| strict  | decoy | 0         | 4       | 0             | 0       | 0          | specificity 100 % (51 to 100 %) |",
    "| `cross-device/forwarder/tiny` | confirmed | refuted | 4 own-bytes, 7 independent           |",
    "- cross-device/forwarder/tiny (strict refuted: 4 own-bytes, 7 independent)",
  ])
    expect(markdown.split("\n")).toContain(line);
  expect(markdown).toContain("6 trials, 2 of each arm, on alpha, beta. Redline 1.2.3, Node 20.");
});
