import { PHASES, type Phase } from "@redline/shared";
import { redline, studyText, Workplace } from "../kit/redline.ts";
import { spread, type Spread } from "./spread.ts";

export interface TrialBench {
  readonly scenario: string;
  readonly trials: number;
  readonly total: Spread;
  /** Median of each phase's share of its own attempt, 0 to 1, and its time. */
  readonly phases: readonly { readonly phase: Phase; readonly share: number; readonly ms: Spread }[];
}

const PER_SCENARIO = 8;

/** Whole trials with an instantaneous (scripted, competent) brain, in one lab; persistence window 1 s, part of `observe`. */
export async function benchTrials(): Promise<TrialBench[]> {
  await using place = new Workplace();
  const text = studyText({
    behaviours: ["competent"],
    scenarios: ["local-copy", "cross-device"],
    extra: `trialsPerArm: ${PER_SCENARIO}`,
  });
  const ended = await redline(["run", await place.study(text), "--state", place.state], place.dir).ended;
  if (ended.code !== 0) throw new Error(`the study ended with ${ended.code ?? "no code"}: ${ended.stderr}`);
  const trials = [...place.projection().trials.values()];
  return ["local-copy", "cross-device"].map((scenario) => {
    const attempts = trials.filter((t) => t.scenario === scenario).flatMap((t) => t.attempts);
    const totals = attempts.map((a) => a.phases.reduce((sum, p) => sum + p.ms, 0));
    const of = (phase: Phase) =>
      attempts.map((a) => a.phases.filter((p) => p.phase === phase).reduce((sum, p) => sum + p.ms, 0));
    return {
      scenario,
      trials: attempts.length,
      total: spread(totals),
      phases: PHASES.filter((phase) => of(phase).some((ms) => ms > 0)).map((phase) => ({
        phase,
        share: spread(of(phase).map((ms, i) => ms / (totals[i] ?? 1))).median,
        ms: spread(of(phase)),
      })),
    };
  });
}
