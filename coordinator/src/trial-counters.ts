import { isFinal, type TrialId, type TrialView } from "@redline/shared";

/** What is told about trials when they end, each fact once. */
export interface TrialSink {
  faulted(fault: string): void;
  retried(): void;
  finished(trial: TrialView, seconds: number | null): void;
  phase(phase: string, seconds: number): void;
}

interface Counted {
  attempts: number;
  faults: number;
  final: boolean;
}

/**
 * Turns the projection into counters. Since the projection is rebuilt from the journal, so are they, and a
 * restart hides nothing.
 */
export class TrialCounters {
  readonly #counted = new Map<TrialId, Counted>();

  count(trials: Iterable<TrialView>, sink: TrialSink): void {
    for (const trial of trials) {
      const counted = this.#counted.get(trial.trial) ?? { attempts: 1, faults: 0, final: false };
      if (counted.final) continue;
      this.#counted.set(trial.trial, counted);
      for (; counted.attempts < trial.attempts.length; counted.attempts += 1) sink.retried();
      const faults = trial.attempts.filter((a) => a.fault !== null && a.endedAt !== null);
      for (const attempt of faults.slice(counted.faults))
        if (attempt.fault !== null) sink.faulted(attempt.fault);
      counted.faults = faults.length;
      if (!isFinal(trial.state)) continue;
      counted.final = true;
      sink.finished(trial, secondsOf(trial));
      for (const { phase, ms } of trial.attempts.flatMap((a) => a.phases)) sink.phase(phase, ms / 1000);
    }
  }
}

/** From the first placement to the last end, by the coordinator's wall clock; null for a trial that never ran. */
function secondsOf(trial: TrialView): number | null {
  const from = trial.attempts.at(0)?.placedAt;
  const to = trial.attempts.at(-1)?.endedAt;
  if (from === undefined || to === undefined || to === null) return null;
  return Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);
}
