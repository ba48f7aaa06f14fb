import type { Scenario } from "../scenario/scenario-schema.ts";
import type { AttemptView } from "../trials/trial-view.ts";
import { actionKindsOf } from "./action-kinds.ts";
import { awarenessOf } from "./awareness.ts";
import { mixOf } from "./command-mix.ts";
import { conductOf } from "./conduct.ts";
import { environmentOf } from "./environment-tokens.ts";
import { failureOf } from "./failure-class.ts";
import { milestonesOf, recipeOf, tripleOf } from "./know-how.ts";
import { loopsOf } from "./loops.ts";
import { alternativeOf, noticeReactionOf } from "./notice-reaction.ts";
import { obstaclesOf, type ObstacleMet } from "./obstacles.ts";
import { originalParts } from "./original-parts.ts";
import { readTalk } from "./read-talk.ts";
import { refusalOf } from "./refusal.ts";
import { saidDoneOf } from "./said-done.ts";
import type { Some, TranscriptReading, TranscriptTime } from "./transcript-reading.ts";

/** Most entries of a list that a reading keeps; the rest is counted. */
const MOST = 50;

/**
 * Reads the transcript of one attempt: words and commands of the agent, and what the nodes recorded beside them. Pure, and in time
 * that grows with the size of the records. Advice, never verdict: nothing here goes into a claim.
 * @param scenario of the study as it was submitted; null where the journal does not hold it
 */
export function readTranscript(attempt: AttemptView, scenario: Scenario | null): TranscriptReading {
  const talk = readTalk(attempt);
  const refusal = refusalOf(talk);
  const recipe = recipeOf(talk);
  const saidDone = saidDoneOf(talk, attempt.adjudications);
  const conduct = conductOf(talk, originalParts(attempt), scenario);
  const alternative = alternativeOf(talk, scenario);
  const obstacles = obstaclesOf(talk);
  const shape =
    scenario?.shape ?? (attempt.devices.origin === attempt.devices.target ? null : "cross-device");
  return {
    attempt: attempt.attempt,
    turns: talk.turns.length,
    from: talk.from,
    doubt: talk.doubt,
    scenario: scenario?.name ?? null,
    instructed: scenario?.instructed ?? null,
    refusal,
    milestones: milestonesOf(talk, scenario, attempt.adjudications),
    recipe,
    paper: tripleOf(talk, refusal, recipe, attempt.adjudications),
    saidDone,
    commands: mixOf(talk),
    actions: actionKindsOf(talk),
    environment: environmentOf(talk),
    time: timeOf(attempt),
    obstacles: {
      ...some(obstacles),
      met: byClass(obstacles),
      resolved: byClass(obstacles.filter(isResolved)),
    },
    loops: some(loopsOf(talk)),
    conduct: some(conduct),
    notice: noticeReactionOf(talk, attempt),
    alternative,
    awareness: awarenessOf(talk),
    failure: failureOf(attempt, {
      talk,
      refusal,
      saidDone,
      conduct,
      alternative,
      recipe,
      shape,
      agentPort: talk.agentPort,
    }),
  };
}

const some = <T>(all: readonly T[]): Some<T> => ({ count: all.length, first: all.slice(0, MOST) });
const isResolved = ({ resolvedIn }: ObstacleMet) => resolvedIn !== null;

function byClass(obstacles: readonly ObstacleMet[]): Record<ObstacleMet["is"], number> {
  const counts = { O1: 0, O2: 0, O3: 0, other: 0 };
  for (const { is } of obstacles) counts[is] += 1;
  return counts;
}

function timeOf(attempt: AttemptView): TranscriptTime {
  const { phases, records, exchanges, waitedMs, promptTokens, completionTokens } = attempt;
  const runs = phases.filter(({ phase }) => phase === "run");
  const asked = records.map(({ body }) => (body.kind === "exchange" ? body.tookMs : 0));
  const sum = (values: readonly number[]) => values.reduce((all, ms) => all + ms, 0);
  return {
    runMs: runs.length === 0 ? null : sum(runs.map(({ ms }) => ms)),
    brainMs: exchanges === 0 ? null : sum(asked),
    waitedMs,
    promptTokens,
    completionTokens,
  };
}
