import {
  isFinal,
  type AttemptView,
  type CoordinatorRecord,
  type Projection,
  type StudyId,
  type TrialView,
} from "@redline/shared";

/** Verdicts by arm and repeat, then by profile: what must not depend on any fault. */
export type VerdictTable = Readonly<Record<string, Readonly<Record<string, string | undefined>>>>;

export const verdictTable = (state: Projection, study: StudyId): VerdictTable =>
  Object.fromEntries(
    state
      .trialsOf(study)
      .map(({ arm, repeat, verdicts, state: how }) => [`${arm} ${repeat}`, { state: how, ...verdicts }]),
  );

/**
 * What is wrong with a run whose study is over, a sentence each; nothing where all is as it must be. The journal alone is asked.
 * @param expected the undisturbed run's table
 */
export function judgeRun(
  records: readonly CoordinatorRecord[],
  state: Projection,
  study: StudyId,
  expected: VerdictTable | null,
): string[] {
  const trials = state.trialsOf(study);
  if (trials.length === 0) return ["the study has no trials"];
  return [
    ...trials.flatMap((trial) => [
      ...countedOnce(records, trial),
      ...trial.attempts.flatMap((a) => explained(trial, a)),
    ]),
    ...trials.flatMap((trial) => (isFinal(trial.state) ? [] : [`${trial.trial} never ended: ${trial.why}`])),
    ...(expected === null ? [] : differences(expected, verdictTable(state, study))),
  ];
}

/** None counted twice, no finished trial done again, and attempts one after the other, each with its number. */
function countedOnce(records: readonly CoordinatorRecord[], { trial }: TrialView): string[] {
  const problems: string[] = [];
  let [done, placed, open] = [0, 0, 0];
  for (const { seq, body } of records) {
    if (!("key" in body) || body.key.trial !== trial) continue;
    if (body.kind === "adjudicated") done += 1;
    if (body.kind === "adjudicated" && body.key.attempt !== placed)
      problems.push(
        `${trial} got its verdict by attempt ${body.key.attempt}, and ${placed} was the newest (record ${seq})`,
      );
    if (body.kind === "adjudicated" || (body.kind === "invalid" && body.key.attempt === placed)) open = 0;
    if (body.kind !== "placed") continue;
    if (done > 0) problems.push(`${trial} was placed again after its verdict (record ${seq})`);
    if (body.key.attempt !== placed + 1)
      problems.push(`${trial}: attempt ${body.key.attempt} follows attempt ${placed} (record ${seq})`);
    if (open > 0)
      problems.push(`${trial}: attempt ${body.key.attempt} began while ${open} was open (record ${seq})`);
    placed = body.key.attempt;
    open = placed;
  }
  return done > 1 ? [...problems, `${trial} was counted ${done} times`] : problems;
}

/** A verdict, or a fault and a sentence about it; ended; and no cell that could not be proved gone. */
function explained({ trial, state }: TrialView, attempt: AttemptView): string[] {
  const name = `${trial} attempt ${attempt.attempt}`;
  const hasVerdict = attempt.adjudications.length > 0;
  const problems = [];
  if (attempt.endedAt === null) problems.push(`${name} was placed and never ended`);
  if (!hasVerdict && state !== "cancelled" && (attempt.fault === null || attempt.detail === ""))
    problems.push(`${name} has neither a verdict nor a fault with a detail`);
  if (hasVerdict && attempt.fault !== null)
    problems.push(`${name} has a verdict and the fault ${attempt.fault}`);
  if (hasVerdict && (attempt.sealed?.problems.length ?? 1) > 0)
    problems.push(
      `${name} has a verdict and no whole seal: ${attempt.sealed?.problems.join("; ") ?? "none"}`,
    );
  for (const { device, node, proof } of attempt.cells)
    if (!proof.clean) problems.push(`${name}: the ${device}'s cell on ${node} left ${proof.left.join(", ")}`);
  for (const { body } of attempt.records) {
    if (body.kind === "sterile" && !body.proof.clean)
      problems.push(
        `${name}: not sterile: ${JSON.stringify(body.proof.checks.filter((c) => c.clean === false)).slice(0, 400)}`,
      );
    if (body.kind === "breach") problems.push(`${name}: breach ${body.breach}: ${body.detail}`);
  }
  return problems;
}

function differences(expected: VerdictTable, found: VerdictTable): string[] {
  const names = new Set([...Object.keys(expected), ...Object.keys(found)]);
  return [...names].flatMap((name) => {
    const [want, got] = [JSON.stringify(sorted(expected[name])), JSON.stringify(sorted(found[name]))];
    return want === got ? [] : [`${name}: ${got}, undisturbed ${want}`];
  });
}

/** Of the undisturbed run: trials whose verdict is not the known one. */
export function notAsKnown(trials: readonly TrialView[], known: Readonly<Record<string, string>>): string[] {
  return trials.flatMap(({ trial, brain, verdicts }) => {
    const found = Object.values(verdicts);
    const right = found.length > 0 && found.every((verdict) => verdict === known[brain]);
    return right
      ? []
      : [`${trial} (${brain}) is ${found.join(", ") || "without a verdict"}, not ${known[brain] ?? "known"}`];
  });
}

const sorted = (row: VerdictTable[string] | undefined) =>
  Object.entries(row ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
