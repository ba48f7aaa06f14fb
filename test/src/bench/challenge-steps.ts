import type { NodeRecord, ObservationBody } from "@redline/shared";
import { spread } from "./spread.ts";

/** The challenges in the order in which they are led. `files` is the hashing: digests of what was opened, and nonce-picked blocks. */
export const CHALLENGE_STEPS = [
  "settle",
  "files",
  "canaries",
  "agent",
  "alone",
  "air gap",
  "weights away",
  "window",
  "tasks",
] as const;
export type ChallengeStepName = (typeof CHALLENGE_STEPS)[number];

export interface ChallengeTimes {
  /** From `run-ended` to the last record of the challenges, ms. */
  readonly totalMs: number;
  /** A step without a record is absent. */
  readonly steps: ReadonlyMap<ChallengeStepName, number>;
  /** What could not be tested, `claim: why`: the time of such a step says nothing. */
  readonly untested: readonly string[];
}

/**
 * Where the time between the end of a run and the last challenge went: the time before a record belongs to the step that the
 * record is of. First generation only.
 * @param records of one attempt, from nodes of one machine: their own monotonic clocks are put on its wall clock, which they share.
 * @throws Error without a `run-ended`.
 */
export function challengeTimes(records: readonly NodeRecord[]): ChallengeTimes {
  const timeOf = commonClock(records);
  const ended = records.find(({ body }) => body.kind === "run-ended");
  if (ended === undefined) throw new Error("the journal has no run-ended of this attempt");
  const start = timeOf(ended);
  const steps = new Map<ChallengeStepName, number>();
  const untested: string[] = [];
  let step: ChallengeStepName = "settle";
  let last = start;
  const after = records
    .filter((r) => timeOf(r) >= start)
    .toSorted((a, b) => timeOf(a) - timeOf(b) || a.seq - b.seq);
  for (const record of after) {
    const { body } = record;
    if (body.kind !== "observation" || (body.generation ?? 1) > 1) continue;
    if (body.body.kind === "untested") untested.push(`${body.body.claim}: ${body.body.why}`);
    const next = stepOf(body.body, step);
    if (next === null) continue;
    step = next;
    steps.set(step, (steps.get(step) ?? 0) + timeOf(record) - last);
    last = timeOf(record);
  }
  return { totalMs: last - start, steps, untested };
}

/** Null for what comes by itself, whatever step is being taken. */
function stepOf(body: ObservationBody, now: ChallengeStepName): ChallengeStepName | null {
  switch (body.kind) {
    case "sessions-closed":
    case "calibration":
      return "settle";
    case "snapshot":
      return body.moment === "end-of-window" ? "window" : "settle";
    case "weights":
      return "files";
    case "sample":
      // Taken twice: with the digests, and at the end of the window.
      return now === "settle" || now === "files" ? "files" : "window";
    case "canaries":
    case "compute":
    case "scores":
      return "canaries";
    case "agent-code":
    case "agent-model":
      return "agent";
    case "frozen":
      return "alone";
    case "link":
      return "air gap";
    case "weights-away":
      return "weights away";
    case "drops":
    case "limits":
      return "window";
    case "task":
      return "tasks";
    case "probes":
      return STEP_OF_MOMENT[body.moment];
    case "untested":
      return now;
    case "claimed":
    case "baseline":
    case "sweep":
    case "original":
    case "opened":
      return null;
  }
}

const STEP_OF_MOMENT = {
  settling: "settle",
  "after-run": "settle",
  "rest-frozen": "alone",
  "air-gap": "air gap",
  "weights-away": "weights away",
  "in-window": "window",
  "end-of-window": "window",
} as const;

function commonClock(records: readonly NodeRecord[]): (record: NodeRecord) => number {
  const zeros = new Map<string, number>();
  for (const { node } of records) {
    if (zeros.has(node)) continue;
    const own = records.filter((r) => r.node === node).map((r) => Date.parse(r.at) - r.monoMs);
    zeros.set(node, spread(own).median);
  }
  return ({ node, monoMs }) => monoMs + (zeros.get(node) ?? 0);
}
