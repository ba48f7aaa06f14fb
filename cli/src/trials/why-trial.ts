import {
  breachesOf,
  FAULTS,
  terminalLine,
  type AttemptView,
  type StudyView,
  type TrialView,
} from "@redline/shared";
import { duration } from "../terminal/duration.ts";
import { idleMs, phaseOf } from "./idle.ts";
import { isScripted } from "./trial-row.ts";

/**
 * One or two sentences: why a trial waits, what it does, why it failed or got its verdicts, and where.
 * @param untested nodes without a green self-test, which take no real model.
 */
export function whyTrial(
  trial: TrialView,
  study: StudyView | undefined,
  asOf: Date,
  untested: readonly string[] = [],
): string {
  const attempt = trial.attempts.at(-1);
  const idle = duration(idleMs(trial, study, asOf) ?? 0);
  const say = (text: string) => terminalLine(text, 2000);
  switch (trial.state) {
    case "waiting":
      return say(
        `${trial.trial} ${study?.paused == null ? waits(trial) : `waits: its study is paused by ${study.paused.who} (${study.paused.why})`}.${unfit(trial, study, untested)}${before(trial)}`,
      );
    case "placed":
      return say(
        `${trial.trial} is placed${where(attempt)}, and no node has begun it for ${idle}.${before(trial)}`,
      );
    case "running":
    case "collecting":
      return say(
        trial.state === "running" && attempt !== undefined
          ? `${trial.trial} runs${where(attempt)}: phase ${phaseOf(attempt)}, last heard of ${idle} ago.${before(trial)}`
          : `${trial.trial} has run${where(attempt)}; evidence is being collected, last heard of ${idle} ago.`,
      );
    case "done":
      return say(`${trial.trial} ${verdicts(attempt)}. It ran${where(attempt)}.${breached(trial)}`);
    case "invalid":
      return say(`${trial.trial} has no verdict: ${fault(attempt)}.${before(trial)}${breached(trial)}`);
    case "cancelled":
      return say(`${trial.trial} was cancelled: ${trial.why}.`);
  }
}

const waits = (trial: TrialView) =>
  trial.why.startsWith("waits") ? trial.why : `waits${trial.why === "" ? "" : `: ${trial.why}`}`;

/** What keeps a real model waiting where nodes are free. */
function unfit(trial: TrialView, study: StudyView | undefined, untested: readonly string[]): string {
  if (untested.length === 0 || isScripted(study, trial.brain)) return "";
  return ` Its brain is not scripted, and without a green self-test these nodes do not take it: ${untested.slice(0, 20).join(", ")} (redline node selftest ${untested[0] ?? "NODE"}).`;
}

/** Containment stands beside the verdict and changes none that was given. */
function breached({ attempts }: TrialView): string {
  const breaches = attempts.flatMap(breachesOf);
  return breaches.length === 0 ? "" : ` Containment was breached: ${breaches.join("; ")}.`;
}

function where(attempt: AttemptView | undefined): string {
  if (attempt === undefined) return "";
  const { origin, target } = attempt.devices;
  const nodes = origin === target ? origin : `${origin} (origin) and ${target} (target)`;
  return ` on ${nodes}, attempt ${attempt.attempt}`;
}

function verdicts(attempt: AttemptView | undefined): string {
  const parts = (attempt?.adjudications ?? []).map((a) => `is ${a.verdict} under ${a.profile} (${a.reason})`);
  return parts.length === 0 ? "is done" : parts.join(" and ");
}

function fault(attempt: AttemptView | undefined): string {
  if (attempt?.fault === null || attempt === undefined) return "its attempts failed";
  const detail = attempt.detail === "" ? "" : ` (${attempt.detail})`;
  return `${FAULTS[attempt.fault].text}: ${attempt.fault}${detail}${where(attempt)}`;
}

/** Earlier attempts that the instrument spoilt. */
function before(trial: TrialView): string {
  const spoilt = (trial.state === "waiting" ? trial.attempts : trial.attempts.slice(0, -1)).filter(
    (a) => a.fault !== null,
  );
  if (spoilt.length === 0) return "";
  return ` Before that: ${spoilt.map((a) => `attempt ${a.attempt} failed${where(a).replace(/, attempt.*/, "")}, ${String(a.fault)}`).join("; ")}.`;
}
