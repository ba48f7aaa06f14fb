import { createLogger } from "@redline/daemon";
import type { Command } from "@redline/shared";
import { expect, it } from "vitest";
import { Pulse } from "./pulse.ts";
import { inventoryOf, JournalFixture, proofOf } from "./projection-fixture.ts";

function pulsing(journal: JournalFixture) {
  const told: Command["order"][] = [];
  let writable = true;
  const pulse = new Pulse({
    state: journal.state,
    nodes: ["n1", "n2", "n3"].map((node) => inventoryOf(node).node),
    dispatcher: {
      tell: (node, _, order) => {
        told.push(order);
        if (node === "n2" && order.verb === "pulse" && order.beat === 2) throw new Error("closed");
      },
    },
    writable: () => writable,
    log: createLogger("pulse-test", "silent"),
  });
  /** What n1, n2 and n3 are told in one beat. */
  const beat = () => {
    told.length = 0;
    pulse.beat();
    return told.flatMap((order) =>
      order.verb === "pulse" ? [[order.beat, ...order.live.map((l) => `${l.trial}.${l.attempt}`)]] : [],
    );
  };
  return { beat, setWritable: (to: boolean) => void (writable = to) };
}

it("names on each node what may have a cell there, until that node has closed it or the attempt is over", () => {
  const journal = new JournalFixture();
  const { beat } = pulsing(journal);
  const study = journal.submit("s-0000", { trials: 2 });
  expect(beat()).toEqual([[1], [1], [1]]);
  const trial = journal.firstTrial(study);
  const attempt = journal.place(trial, "n1", "n2");
  const [, second] = journal.state.trialsOf(study.id);
  if (second === undefined) throw new Error("no second trial");
  journal.place(second, "n2", "n3");
  expect(beat()).toEqual([
    [2, "s-0000-001.1"],
    [2, "s-0000-001.1", "s-0000-002.1"],
    [2, "s-0000-002.1"],
  ]);
  journal.record("n1", trial, attempt, { kind: "accepted", device: "origin", command: "c" });
  journal.record("n1", trial, attempt, { kind: "attempt-ended", outcome: "completed", detail: "" });
  journal.record("n2", trial, attempt, {
    kind: "cell-gone",
    device: "target",
    cell: "c",
    proof: proofOf(true),
  });
  journal.record("n2", trial, attempt, { kind: "device-closed", device: "target" });
  // Being collected: the origin may still have its cell.
  expect(beat()).toEqual([
    [3, "s-0000-001.1"],
    [3, "s-0000-002.1"],
    [3, "s-0000-002.1"],
  ]);
  journal.apply({ kind: "cancelled", trial: second.trial, why: "w" });
  const key = { trial: trial.trial, attempt: 1, epoch: 1 };
  journal.apply({ kind: "invalid", key, fault: "ssh-failed", detail: "", retry: true });
  expect(beat()).toEqual([[4], [4], [4]]);
  journal.place(trial, "n3", "n1");
  expect(beat()).toEqual([[5, "s-0000-001.2"], [5], [5, "s-0000-001.2"]]);
});

it("is silent while the journal takes no records, and counts on from where it was", () => {
  const { beat, setWritable } = pulsing(new JournalFixture());
  expect(beat()).toHaveLength(3);
  setWritable(false);
  expect(beat()).toEqual([]);
  setWritable(true);
  // A node that cannot be told keeps no other from its beat.
  expect(beat()).toEqual([[2], [2], [2]]);
});
