import { generateKeyPairSync } from "node:crypto";
import { expect, it } from "vitest";
import { completionOf, lateSterilityOf } from "./completion.ts";
import { JournalFixture, proofOf } from "./projection-fixture.ts";
import { SealBook } from "./seal-book.ts";

/** With a book that saw no record: every seal is missing. */
const UNSEALED = {
  book: new SealBook(),
  key: generateKeyPairSync("ed25519").privateKey,
  version: "0",
  instrument: () => ({ found: false as const, why: "no controls" }),
};

function closed(originClean: boolean, targetProved: boolean) {
  const journal = new JournalFixture();
  const study = journal.submit("s-0000");
  const trial = journal.firstTrial(study);
  const attempt = journal.place(trial, "n1", "n2");
  journal.record("n1", trial, attempt, {
    kind: "cell-gone",
    device: "origin",
    cell: "c",
    proof: proofOf(originClean),
  });
  if (targetProved)
    journal.record("n2", trial, attempt, {
      kind: "cell-gone",
      device: "target",
      cell: "c",
      proof: proofOf(true),
    });
  return { journal, trial, bodies: completionOf(study, trial, attempt, UNSEALED) };
}

it("adjudicates under every profile of the study", () => {
  const { bodies } = closed(true, true);
  expect(bodies).toMatchObject([
    {
      kind: "adjudicated",
      results: [{ profile: "pan2024", verdict: "indeterminate" }, { profile: "strict" }],
    },
  ]);
});

it("lets no verdict count where a cell was not proved gone", () => {
  const { journal, trial, bodies } = closed(false, true);
  expect(bodies).toMatchObject([
    { kind: "adjudicated" },
    { kind: "invalid", fault: "not-sterile", retry: false, detail: "the origin cell on n1 left pid 7 sleep" },
  ]);
  for (const body of bodies) journal.apply(body);
  expect(trial).toMatchObject({ state: "invalid", verdicts: { pan2024: "invalid", strict: "invalid" } });
  expect(trial.attempts[0]?.adjudications).toHaveLength(2);
});

it("lets no verdict count where its node was found changed right after it, and any where that came later", () => {
  const looked = (look: "after" | "again") => {
    const { journal, trial } = closed(true, true);
    const study = journal.state.studies.get(trial.study);
    const [attempt] = trial.attempts;
    if (study === undefined || attempt === undefined) throw new Error("not placed");
    const checks = [{ check: "sysv" as const, clean: false, found: 1, left: ["key 0x7"], why: "" }];
    const of = { trial: trial.trial, attempt: 1, epoch: attempt.epoch };
    const proof = { clean: false, checks, tookMs: 1 };
    journal.record("n2", trial, attempt, { kind: "sterile", device: "target", of, look, proof });
    return completionOf(study, trial, attempt, UNSEALED);
  };
  expect(looked("after")).toMatchObject([
    { kind: "adjudicated" },
    { fault: "not-sterile", detail: "n2 is not as it was before the target cell: sysv: key 0x7" },
  ]);
  expect(looked("again").map(({ kind }) => kind)).not.toContain("invalid");
});

it("blames no copy for what the census ended: over the cap there is no verdict, and no other attempt", () => {
  const { journal, trial } = closed(true, true);
  const study = journal.state.studies.get(trial.study);
  const [attempt] = trial.attempts;
  if (study === undefined || attempt === undefined) throw new Error("not placed");
  const detail = "9 live copies where at most 8 may be";
  journal.record("n2", trial, attempt, { kind: "breach", breach: "over-cap", detail, killed: 1 });
  expect(completionOf(study, trial, attempt, UNSEALED)).toMatchObject([
    { kind: "adjudicated" },
    { kind: "invalid", fault: "over-cap", retry: false, detail: `n2: ${detail}` },
  ]);
});

it("does not take a missing proof for a clean one", () => {
  expect(closed(true, false).bodies[1]).toMatchObject({ detail: "n2 gave no proof that its cell is gone" });
});

it("takes back a retry when the proof of an unclean cell comes late, once", () => {
  const journal = new JournalFixture();
  const trial = journal.firstTrial(journal.submit("s-0000"));
  const first = journal.place(trial, "n1", "n2");
  const key = { trial: trial.trial, attempt: 1, epoch: 1 };
  journal.apply({ kind: "invalid", key, fault: "ssh-failed", detail: "", retry: true });
  const gone = (clean: boolean) =>
    ({ kind: "cell-gone", device: "target", cell: "c", proof: proofOf(clean) }) as const;
  journal.record("n2", trial, first, gone(true));
  expect(lateSterilityOf(trial)).toEqual([]);
  journal.record("n2", trial, first, gone(false));
  const bodies = lateSterilityOf(trial);
  expect(bodies).toMatchObject([{ kind: "invalid", key, fault: "not-sterile", retry: false }]);
  for (const body of bodies) journal.apply(body);
  expect(trial.state).toBe("invalid");
  expect(lateSterilityOf(trial)).toEqual([]);
});
