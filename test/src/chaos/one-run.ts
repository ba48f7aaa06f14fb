import { verifyChain, type SubmitRequest } from "@redline/shared";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../kit/until.ts";
import type { ChaosLab } from "./chaos-lab.ts";
import { faultText, MOMENTS, type ChaosPlan, type PlannedFault } from "./chaos-plan.ts";
import type { ChaosRun } from "./chaos-report.ts";
import { judgeRun, notAsKnown, verdictTable, type VerdictTable } from "./judge-run.ts";
import { KNOWN } from "./chaos-study.ts";
import { strike } from "./strike.ts";

/** Far above what any plan should cost: a study that is not over by then hangs. */
const STUDY_MS = 180_000;
const LOOK_MS = 50;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A fresh study, the plan's faults, and the judgement over what came of it. */
export async function oneRun(
  lab: ChaosLab,
  study: SubmitRequest,
  plan: ChaosPlan | null,
  expected: VerdictTable | null,
): Promise<{ run: ChaosRun; table: VerdictTable }> {
  const started = performance.now();
  const id = await lab.submit(study);
  const { journal } = lab;
  const problems: string[] = [];
  const looking = setInterval(() => journal.read(), LOOK_MS);
  const faults = plan?.faults ?? [];
  const struck = Promise.all(
    faults.map(async (fault) => {
      const trial = () => journal.trial(id, fault.trial);
      await itsMoment(fault, trial, () => journal.isOver(id));
      const late = journal.isOver(id);
      const blow = await strike({ lab, fault, trial });
      const hit = typeof blow === "string" && !late;
      const what = typeof blow === "string" ? blow : blow.missed;
      return { what: `${faultText(fault)}: ${what}${late ? " (late)" : ""}`, hit };
    }),
  );
  try {
    const all = await struck;
    await until("the study is over", () => journal.isOver(id), STUDY_MS).catch(() =>
      problems.push(`the study is not over ${STUDY_MS / 1000} s after the last fault`),
    );
    if (plan === null) await lab.learnPictures();
    const left = (await lab.leftovers()).map((line) => `left: ${line}`);
    journal.read();
    problems.push(...judgeRun(journal.records, journal.state, id, expected), ...left, ...brokenChains(lab));
    if (plan === null) problems.push(...notAsKnown(journal.state.trialsOf(id), KNOWN));
    const attempts = journal.state.trialsOf(id).flatMap((trial) => trial.attempts);
    const run: ChaosRun = {
      ...{ event: "run", seed: plan?.seed ?? null, ms: performance.now() - started, problems },
      ...{ attempts: attempts.length, trials: journal.state.trialsOf(id).length, struck: all },
      faults: attempts.flatMap(({ fault }) => fault ?? []),
    };
    return { run, table: verdictTable(journal.state, id) };
  } finally {
    clearInterval(looking);
  }
}

/** The trial's newest attempt has come so far as the plan says; or time is up, or the study is over. */
async function itsMoment(
  { moment, afterMs, latestMs }: PlannedFault,
  trial: () => ReturnType<ChaosLab["journal"]["trial"]>,
  isOver: () => boolean,
): Promise<void> {
  const before = MOMENTS[MOMENTS.indexOf(moment) - 1];
  const come = () => {
    const attempt = trial()?.attempts.at(-1);
    if (attempt === undefined) return false;
    return before === undefined
      ? attempt.accepted.size > 0
      : attempt.phases.some(({ phase }) => phase === before);
  };
  await until("its moment", () => come() || isOver(), latestMs).catch(() => undefined);
  await pause(afterMs);
}

function brokenChains(lab: ChaosLab): string[] {
  return ["coordinator", ...lab.plan.hosts].flatMap((part) => {
    const text = readFileSync(join(lab.plan.stateDir, part, "journal.jsonl"), "utf8");
    const check = verifyChain(text.split("\n").slice(0, -1));
    return check.ok ? [] : [`${part}'s journal, line ${check.line}: ${check.why}`];
  });
}
