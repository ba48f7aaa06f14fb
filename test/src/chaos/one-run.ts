import { verifyChain, type SubmitRequest } from "@redline/shared";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../kit/until.ts";
import { pause, type Struck } from "./blow.ts";
import type { ChaosLab } from "./chaos-lab.ts";
import type { ChaosPlan } from "./chaos-plan.ts";
import type { ChaosRun, StruckFault } from "./chaos-report.ts";
import { KNOWN } from "./chaos-study.ts";
import { judgeRun, notAsKnown, verdictTable, type VerdictTable } from "./judge-run.ts";
import type { LabRest } from "./lab-rest.ts";
import { unknownOrders } from "./node-orders.ts";
import { faultText, MOMENTS } from "./planned-fault.ts";
import { strike } from "./strike.ts";

/** Far above what any plan should cost: a study that is not over by then hangs. */
const STUDY_MS = 240_000;
/** One of a pair that comes back takes the other's journal in. */
const SETTLE_MS = 30_000;
const LOOK_MS = 100;

/** A fresh study, the plan's faults, and the judgement over what came of it. */
export async function oneRun(
  lab: ChaosLab,
  rest: LabRest,
  study: SubmitRequest,
  plan: ChaosPlan | null,
  expected: VerdictTable | null,
): Promise<{ run: ChaosRun; table: VerdictTable }> {
  const started = performance.now();
  const id = await lab.submit(study);
  const { journal } = lab;
  const problems: string[] = [];
  const looking = setInterval(() => journal.read(), LOOK_MS);
  const struck = (plan?.faults ?? []).map((fault) =>
    fallen(
      { lab, fault, trial: () => journal.trial(id, fault.trial), isOver: () => journal.isOver(id) },
      started,
    ),
  );
  try {
    const all = await Promise.all(struck);
    await until("the study is over", () => journal.isOver(id), STUDY_MS).catch(() =>
      problems.push(`the study is not over ${STUDY_MS / 1000} s after the last fault`),
    );
    await journal
      .settled(id, SETTLE_MS)
      .catch(() => problems.push("the coordinators' journals are not the same, and over"));
    if (plan === null) await rest.learn();
    const left = (await rest.left()).map((line) => `left: ${line}`);
    journal.read();
    const { records, state } = journal;
    problems.push(...judgeRun(records, state, id, expected), ...unknownOrders(records));
    problems.push(...left, ...brokenChains(lab));
    if (plan === null) problems.push(...notAsKnown(state.trialsOf(id), KNOWN));
    const attempts = state.trialsOf(id).flatMap((trial) => trial.attempts);
    const run: ChaosRun = {
      ...{ event: "run", seed: plan?.seed ?? null, pair: lab.pair, slowBy: lab.slowLink.means },
      ...{ ms: performance.now() - started, problems, struck: all },
      ...{ attempts: attempts.length, trials: state.trialsOf(id).length },
      faults: attempts.flatMap(({ fault }) => fault ?? []),
    };
    return { run, table: verdictTable(state, id) };
  } finally {
    clearInterval(looking);
  }
}

/** Waits for the fault's moment and strikes. A study that was over before that has nothing to be struck in. */
async function fallen(struck: Struck, started: number): Promise<StruckFault> {
  const { kind, of } = struck.fault;
  await itsMoment(struck);
  const fromMs = performance.now() - started;
  const blow = struck.isOver() ? { what: "the study was over", hit: false } : await strike(struck);
  const what = `${faultText(struck.fault)}: ${blow.what}`;
  return { kind, of, what, hit: blow.hit, fromMs, toMs: performance.now() - started };
}

/** The trial's newest attempt has come so far as the plan says; or time is up, or the study is over. */
async function itsMoment({ fault, trial, isOver }: Struck): Promise<void> {
  const { moment, afterMs, latestMs } = fault;
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
  return [...lab.coordinators, ...lab.plan.hosts].flatMap((part) => {
    const text = readFileSync(join(lab.plan.stateDir, part, "journal.jsonl"), "utf8");
    const check = verifyChain(text.split("\n").slice(0, -1));
    return check.ok ? [] : [`${part}'s journal, line ${check.line}: ${check.why}`];
  });
}
