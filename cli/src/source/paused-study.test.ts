import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FIXTURE_ID, FIXTURE_STUDY, FixtureJournal, SHA, trialId } from "../testing/fixture-journal.ts";
import { JournalState } from "./journal-state.ts";
import { PausedStudyWatch } from "./paused-study.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A study of two trials with a budget of 100 tokens, the first one running. */
function running() {
  const journal = new FixtureJournal()
    .submitted({ ...FIXTURE_STUDY, budget: { tokens: 100 } })
    .placed(1)
    .node("alpha", 1, { kind: "accepted", device: "origin", command: "c" })
    .node("alpha", 1, {
      ...{ kind: "exchange", number: 1, promptTokens: 150, completionTokens: 0, costUsd: 0 },
      ...{ request: { sha256: SHA, bytes: 1, messages: 1 }, tookMs: 1, waitedMs: 0 },
    });
  const state = new JournalState();
  const view = () => {
    state.take(journal.lines.slice(state.head.seq));
    const study = state.projection.studies.get(FIXTURE_ID);
    return study === undefined ? null : { study, trials: state.projection.trialsOf(study.id) };
  };
  return { journal, view };
}
const pausedBy = (who: string, why: string) => ({
  kind: "study-paused" as const,
  study: FIXTURE_ID,
  who,
  why,
});
const over = (n: number) => ({ kind: "cancelled" as const, trial: trialId(n), why: "w" });

function watching(unattended: boolean, fails = false) {
  const notes: string[] = [];
  const cancels: string[] = [];
  const watch = new PausedStudyWatch({
    note: (text) => notes.push(text),
    ...{ self: "redline", where: " --state x", unattended, everyMs: 1000 },
    cancel: (study, { why }) => {
      cancels.push(`${study}: ${why}`);
      return fails && cancels.length === 1 ? Promise.reject(new Error("away")) : Promise.resolve();
    },
  });
  return { watch, notes, cancels };
}

it("says why nothing happens and how it goes on, again and again, until it goes on", () => {
  const { journal, view } = running();
  const { watch, notes, cancels } = watching(false);
  watch.look(null);
  watch.look(view());
  expect(notes).toEqual([]);
  journal.coordinator(pausedBy("budget", "the budget is used up: tokens: 150 of 100"));
  watch.look(view());
  watch.look(view());
  expect(notes).toEqual([
    `${FIXTURE_ID} is paused by budget: the budget is used up: tokens: 150 of 100; no new attempt begins, what runs goes on. To raise it: redline study change ${FIXTURE_ID} --state x --budget tokens=300 --why "..."`,
  ]);
  vi.advanceTimersByTime(2500);
  expect(notes).toHaveLength(3);
  journal.coordinator({ kind: "study-resumed", study: FIXTURE_ID, who: "budget", why: "room" });
  watch.look(view());
  vi.advanceTimersByTime(5000);
  expect(notes.slice(3)).toEqual([`${FIXTURE_ID} goes on`]);
  journal.coordinator(pausedBy("ann\u001b[2J", "lunch"));
  watch.look(view());
  expect(notes[4]).toContain("is paused by ann: lunch");
  expect(notes[4]).toContain(`redline study resume ${FIXTURE_ID} --state x`);
  watch[Symbol.dispose]();
  vi.advanceTimersByTime(5000);
  expect(notes).toHaveLength(5);
  expect(cancels).toEqual([]);
});

it("cancels what is left where nobody can raise the budget, once nothing runs any more, and only for a budget", async () => {
  const { journal, view } = running();
  const { watch, cancels } = watching(true, true);
  journal.coordinator(pausedBy("budget", "used up"));
  watch.look(view());
  expect(cancels).toEqual([]);
  journal.coordinator(over(1));
  watch.look(view());
  watch.look(view());
  expect(cancels).toEqual([`${FIXTURE_ID}: the study's budget is used up`]);
  // The first try failed.
  await Promise.resolve();
  await Promise.resolve();
  watch.look(view());
  expect(cancels).toHaveLength(2);
  watch[Symbol.dispose]();

  const other = running();
  const second = watching(true);
  other.journal.coordinator(over(1)).coordinator(pausedBy("ann", "lunch"));
  second.watch.look(other.view());
  expect(second.cancels).toEqual([]);
  second.watch[Symbol.dispose]();
});
