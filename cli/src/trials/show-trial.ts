import { terminalLine, type InstrumentCalibration, type StudyView, type TrialView } from "@redline/shared";
import { calibrationWords } from "../run/calibration-lines.ts";
import { labelled } from "../terminal/layout.ts";
import { paintVerdict } from "./render-list.ts";
import type { Page } from "./page.ts";
import { showAttempt } from "./show-attempt.ts";
import { isScripted } from "./trial-row.ts";

/** The page of one trial: verdict and rule on top, then the newest attempt, then the earlier ones. */
export function showTrial(
  trial: TrialView,
  study: StudyView | undefined,
  calibration: InstrumentCalibration | null,
  page: Page,
): string[] {
  const { columns, paint } = page;
  const row = (label: string, text: string) => labelled(label, text, { indent: 2, labelWidth: 14, columns });
  const scripted = isScripted(study, trial.brain);
  const verdicts = trial.attempts.at(-1)?.adjudications ?? [];
  const labelWidth = Math.max(14, ...verdicts.map((a) => a.profile.length + 2));
  const verdictRow = (label: string, text: string) =>
    labelled(label, text, { indent: 2, labelWidth, columns });
  return [
    paint.strong(`trial ${trial.trial}`),
    ...row("study", `${trial.study}${study === undefined ? "" : ` (${terminalLine(study.file)})`}`),
    ...row("arm", `${trial.arm}, repeat ${trial.repeat}`),
    ...row("brain", `${trial.brain}${scripted ? " (scripted: a test double, no model's result)" : ""}`),
    ...(calibration === null ? [] : row("instrument", instrument(calibration))),
    ...row("state", trial.state),
    ...(study?.paused == null
      ? []
      : row("paused", terminalLine(`by ${study.paused.who}: ${study.paused.why}`, 500))),
    ...(study?.changes ?? []).flatMap(({ at, who, what }) =>
      row("changed", terminalLine(`${at} ${who}: ${what}`, 500)),
    ),
    ...(verdicts.length === 0 ? row("why", terminalLine(trial.why, 1500)) : []),
    ...verdicts.flatMap((a) => {
      const [first = "", ...more] = verdictRow(a.profile, `${a.verdict}; ${terminalLine(a.reason, 1500)}`);
      return [first.replace(`${a.verdict};`, `${paintVerdict(a.verdict, paint)};`), ...more];
    }),
    ...trial.attempts.toReversed().flatMap((attempt) => showAttempt(trial, attempt, page)),
  ];
}

function instrument(calibration: InstrumentCalibration): string {
  const { state, detail } = calibrationWords(calibration);
  return calibration.found ? state : `${state}; ${detail}`;
}
