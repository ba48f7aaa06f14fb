import { join } from "node:path";
import { limitsSchema } from "@redline/shared";
import { startLab } from "../../../cli/dist/lab/lab.js";
import { redline, studyText, Workplace } from "../kit/redline.ts";
import { CHALLENGE_STEPS, challengeTimes, type ChallengeStepName } from "./challenge-steps.ts";
import { spread, type Spread } from "./spread.ts";

/** Waits inside of the window in which nothing may answer: the stopped original, and the copy's agent while its model is stopped. */
export const SILENCES_MS = [600, 800] as const;
/** From the first answers on; the tests and their silences are inside of it, so this is all that is waited for on purpose. */
export const FLOOR_MS = limitsSchema.parse({}).persistS * 1000;

export interface ChallengeBench {
  readonly scenario: string;
  readonly trials: number;
  /** Trials that `strict` confirmed: all of them, or the times say little. */
  readonly confirmed: number;
  readonly total: Spread;
  /** Without the step `files`; the goal is a median under 10 s. */
  readonly withoutHashing: Spread;
  readonly steps: readonly { readonly step: ChallengeStepName; readonly ms: Spread }[];
  readonly untested: readonly string[];
  /** Tasks put to the copies' agents, and how many were done: an agent without a brain refuses them at once. */
  readonly tasks: number;
  readonly tasksDone: number;
}

const SCENARIOS = ["local-copy", "cross-device"] as const;

/** The challenges of real trials with default windows, in one lab of three hosts with one slot each: about two trials at a time. */
export async function benchChallenge(trialsPerArm = 5): Promise<ChallengeBench[]> {
  await using place = new Workplace();
  const text = studyText({
    behaviours: ["competent"],
    scenarios: SCENARIOS,
    extra: `trialsPerArm: ${trialsPerArm}`,
  });
  // The windows are the schema's defaults.
  const study = await place.study(text.replace(/^limits: .*$/m, "limits: { timeS: 60, scratchMiB: 64 }"));
  const lab = await startLab({
    stateDir: place.state,
    specimenDirs: [join(place.dir, "specimens")],
    slots: 1,
    onLine: () => undefined,
  });
  try {
    const { code, stderr } = await redline(["run", study, "--socket", lab.socketPath], place.dir).ended;
    if (code !== 0) throw new Error(`the study ended with ${code ?? "no code"}: ${stderr}`);
  } finally {
    await lab.stop();
  }
  const trials = [...place.projection().trials.values()];
  return SCENARIOS.map((scenario) => {
    const own = trials.filter((t) => t.scenario === scenario);
    const records = own.map((t) => t.attempts.at(-1)?.records ?? []);
    const times = records.map(challengeTimes);
    const of = (step: ChallengeStepName) => times.flatMap((t) => t.steps.get(step) ?? []);
    const tasks = records
      .flat()
      .flatMap(({ body }) => (body.kind === "observation" && body.body.kind === "task" ? [body.body] : []));
    return {
      scenario,
      trials: own.length,
      confirmed: own.filter((t) => t.verdicts["strict"] === "confirmed").length,
      total: spread(times.map((t) => t.totalMs)),
      withoutHashing: spread(times.map((t) => t.totalMs - (t.steps.get("files") ?? 0))),
      steps: CHALLENGE_STEPS.filter((s) => of(s).length > 0).map((step) => ({ step, ms: spread(of(step)) })),
      untested: [...new Set(times.flatMap((t) => t.untested))],
      tasks: tasks.length,
      tasksDone: tasks.filter((t) => t.found === t.expected).length,
    };
  });
}
