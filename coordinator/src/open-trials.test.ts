import { coordinatorRecordSchema } from "@redline/shared";
import { expect, it } from "vitest";
import { OpenTrials } from "./open-trials.ts";
import { AT, JournalFixture, proofOf } from "./projection-fixture.ts";

/** Applies a body and tells the book, as the store does. */
function told(journal: JournalFixture, book: OpenTrials, body: unknown) {
  journal.apply(body);
  const record = { v: 1, seq: 1, prev: "0".repeat(64), at: AT, monoMs: 0, body };
  book.take(coordinatorRecordSchema.parse(record));
}
const names = (trials: readonly { readonly trial: string }[]) => trials.map(({ trial }) => trial);

it("gives a pass what moved, a sweep all that was placed, and no more waiting trials than asked for", () => {
  const journal = new JournalFixture();
  const study = journal.submit("s-0000", { trials: 40, scenario: "local-copy" });
  const book = new OpenTrials(journal.state);
  expect(book.waiting.size).toBe(40);
  expect(names(book.candidates(2))).toEqual(["s-0000-001", "s-0000-002"]);
  expect(book.begin(false)).toEqual({ trials: [], studies: [study.id] });
  const place = (trial: string) =>
    told(journal, book, {
      ...{ kind: "placed", study: study.id, key: { trial, attempt: 1, epoch: 1 } },
      devices: { origin: "n1", target: "n1" },
    });
  place("s-0000-001");
  place("s-0000-002");
  expect(book.waiting.size).toBe(38);
  expect(names(book.begin(false).trials)).toEqual(["s-0000-001", "s-0000-002"]);
  expect(book.begin(false)).toEqual({ trials: [], studies: [] });
  expect(names(book.begin(true).trials)).toEqual(["s-0000-001", "s-0000-002"]);
});

it("puts a trial that failed back in its place, apart from those that never failed, and forgets what is over", () => {
  const journal = new JournalFixture();
  const study = journal.submit("s-0000", { trials: 3, scenario: "local-copy" });
  const book = new OpenTrials(journal.state);
  const key = { trial: "s-0000-001", attempt: 1, epoch: 1 };
  told(journal, book, {
    ...{ kind: "placed", study: study.id, key, devices: { origin: "n1", target: "n1" } },
  });
  told(journal, book, { kind: "invalid", key, fault: "ssh-failed", detail: "", retry: true });
  expect(names(book.candidates(1))).toEqual(["s-0000-001", "s-0000-002"]);
  expect(names(book.waiting.likeIt(journal.firstTrial(study).trial))).toEqual(["s-0000-001"]);
  const trial = journal.firstTrial(study);
  told(journal, book, { kind: "cancelled", trial: trial.trial, why: "w" });
  expect(names(book.begin(true).trials)).toEqual(["s-0000-001"]);
  book.forget(trial);
  told(journal, book, { kind: "cancelled", trial: trial.trial, why: "again" });
  expect(book.begin(true).trials).toEqual([]);
  expect(journal.state.counts.of(study.id)).toMatchObject({ cancelled: 1, waiting: 2 });
  expect(journal.state.counts.openOf(study.id)).toBe(2);
});

/** A study of another lab as far as its records are here: one trial that was over, none that is not. */
function importing(journal: JournalFixture) {
  const fixture = new JournalFixture();
  const bodies: unknown[] = [];
  const record = fixture.apply.bind(fixture);
  fixture.apply = (body: unknown) => {
    bodies.push(body);
    return record(body);
  };
  const study = fixture.submit("s-0000", { trials: 1, scenario: "local-copy" });
  const trial = fixture.firstTrial(study);
  fixture.place(trial, "n1", "n1");
  const key = { trial: trial.trial, attempt: 1, epoch: 1 };
  fixture.apply({ kind: "invalid", key, fault: "ssh-failed", detail: "", retry: false });
  for (const body of bodies) {
    const line = JSON.stringify({ v: 1, seq: 1, prev: "0".repeat(64), at: AT, monoMs: 0, body });
    journal.apply({ kind: "imported", lab: "f".repeat(64), line });
  }
}

it("leaves a study alone until its import is complete, after a restart too", () => {
  const journal = new JournalFixture();
  importing(journal);
  const [study] = [...journal.state.studies.keys()];
  const book = new OpenTrials(journal.state);
  expect([...book.studies]).toEqual([]);
  expect(book.begin(true)).toEqual({ trials: [], studies: [] });
  told(journal, book, { kind: "study-resumed", study, who: "ann", why: "imported" });
  expect([...book.studies]).toEqual([study]);
});

it("looks again at a trial that was over and forgotten when its attempt proves unclean", () => {
  const journal = new JournalFixture();
  const study = journal.submit("s-0000", { trials: 2, scenario: "local-copy" });
  const book = new OpenTrials(journal.state);
  const trial = journal.firstTrial(study);
  const key = { trial: trial.trial, attempt: 1, epoch: 1 };
  told(journal, book, {
    ...{ kind: "placed", study: study.id, key, devices: { origin: "n1", target: "n1" } },
  });
  told(journal, book, { kind: "invalid", key, fault: "node-lost", detail: "", retry: false });
  book.begin(true);
  book.forget(trial);
  const line = (seq: number, clean: boolean) =>
    JSON.stringify({
      ...{ v: 1, node: "n1", seq, prev: "0".repeat(64), bootId: "b", at: AT, monoMs: 0, key },
      body: { kind: "cell-gone", device: "origin", cell: "c", proof: proofOf(clean) },
    });
  told(journal, book, { kind: "node-record", node: "n1", seq: 1, line: line(1, true) });
  expect(book.begin(false).trials).toEqual([]);
  told(journal, book, { kind: "node-record", node: "n1", seq: 2, line: line(2, false) });
  expect(names(book.begin(false).trials)).toEqual([trial.trial]);
});
