import type { NodeRecordBody } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { faultHold } from "./fault-hold.ts";
import { JournalFixture } from "./projection-fixture.ts";

/** A study of which attempts end one after another; `cell-failed` on n1, or well. */
function study(of: number, share: number, ends: readonly (string | null)[]) {
  const journal = new JournalFixture();
  const view = journal.submit("s-0000", { trials: 20, maxAttempts: 1, more: { faultLimit: { of, share } } });
  const trials = journal.state.trialsOf(view.id);
  const end = (index: number, fault: string | null) => {
    const trial = trials[index];
    if (trial === undefined) throw new Error("no such trial");
    const attempt = journal.place(trial, "n1", "n2");
    const key = { trial: trial.trial, attempt: 1, epoch: 1 };
    const refused: NodeRecordBody = { kind: "refused", why: "no", fault: "cell-failed" };
    if (fault === "cell-failed") journal.record("n1", trial, attempt, refused);
    journal.apply(
      fault === null
        ? { kind: "adjudicated", key, results: [] }
        : { kind: "invalid", key, fault, detail: "d", retry: false },
    );
  };
  ends.forEach((fault, index) => end(index, fault));
  return { journal, view, end, hold: () => faultHold(view, () => journal.state.trialsOf(view.id)) };
}
const BAD = "cell-failed";

describe("a study's share of infra faults", () => {
  it("pauses it when it is above the limit, and says what fails where and what to do", () => {
    const { hold } = study(4, 0.5, [null, BAD, BAD, "node-lost"]);
    const due = hold();
    expect(due).toMatchObject({ kind: "study-paused", study: "s-0000", who: "faults" });
    expect(due !== null && "why" in due ? due.why : "").toMatch(
      /^3 of the last 4 attempts ended in infra faults, 2 of them cell-failed \(2 on n1\): a cell could not be built.*; read the node's log/,
    );
  });

  it("is counted over the last attempts only, from so many on", () => {
    expect(study(4, 0.5, [BAD, BAD, BAD]).hold()).toBeNull();
    expect(study(4, 0.5, [null, null, BAD, BAD]).hold()).toBeNull();
    expect(study(4, 0.5, [BAD, BAD, BAD, null, null, null]).hold()).toBeNull();
    expect(study(2, 1, [BAD, BAD]).hold()).toBeNull();
  });

  it("counts an attempt once that was judged and then proved not to count", () => {
    const { journal, view, hold } = study(4, 0.5, []);
    for (const trial of journal.state.trialsOf(view.id).slice(0, 4)) {
      journal.place(trial, "n1", "n2");
      const key = { trial: trial.trial, attempt: 1, epoch: 1 };
      journal.apply({ kind: "adjudicated", key, results: [] });
      journal.apply({ kind: "invalid", key, fault: "not-sterile", detail: "d", retry: false });
      journal.apply({ kind: "invalid", key, fault: "over-cap", detail: "d", retry: false });
    }
    expect(view.recentEnds.map(({ fault }) => fault)).toEqual(Array.from({ length: 4 }, () => "over-cap"));
    expect(hold()).toMatchObject({ kind: "study-paused" });
    // A person has looked at it: what is said of it later is not news.
    journal.apply({ kind: "study-resumed", study: view.id, who: "ann", why: "w" });
    const key = { trial: `${view.id}-001`, attempt: 1, epoch: 1 };
    journal.apply({ kind: "invalid", key, fault: "not-sterile", detail: "d", retry: false });
    expect(view.recentEnds).toEqual([]);
  });

  it("is not asked of a study that is paused, over, or has nothing left to run", () => {
    const paused = study(2, 0.5, [BAD, BAD]);
    paused.journal.apply({ kind: "study-paused", study: "s-0000", who: "ann", why: "w" });
    expect(paused.hold()).toBeNull();
    const all = study(
      2,
      0.5,
      Array.from({ length: 20 }, () => BAD),
    );
    expect(all.hold()).toBeNull();
  });

  it("counts afresh when a person has resumed it, and not when a budget has", () => {
    const { journal, hold, end } = study(2, 0.5, [BAD, BAD]);
    journal.apply({ kind: "study-resumed", study: "s-0000", who: "budget", why: "w" });
    expect(hold()).not.toBeNull();
    journal.apply({ kind: "study-paused", study: "s-0000", who: "faults", why: "w" });
    journal.apply({ kind: "study-resumed", study: "s-0000", who: "ann", why: "w" });
    expect(hold()).toBeNull();
    end(2, BAD);
    expect(hold()).toBeNull();
    end(3, BAD);
    expect(hold()).not.toBeNull();
  });
});
