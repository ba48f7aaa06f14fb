import { describe, expect, it } from "vitest";
import type { Inventory, NodeId } from "@redline/shared";
import { FirstSeen } from "./first-seen.ts";
import { heldSlots } from "./held-slots.ts";
import { AT, inventoryOf, JournalFixture, proofOf } from "./projection-fixture.ts";
import { schedule } from "./scheduler.ts";
import { blamedNodes, fairOrder } from "./waiting-order.ts";

const LIMITS = { unplaceableMs: 1000, absentMs: 5000 };

function look(
  journal: JournalFixture,
  live: readonly Inventory[],
  seen: FirstSeen,
  nowMs: number,
  known: readonly Inventory[] = live,
) {
  seen.begin();
  const since = (condition: string) => seen.since(condition, nowMs);
  const trials = [...journal.state.trials.values()];
  const held: ReadonlyMap<NodeId, number> = heldSlots(trials, { nowMs, wallMs: Date.parse(AT), since }, 1000);
  const clock = { nowMs, busUpSinceMs: 0, since };
  return schedule({ state: journal.state, trials, live, known, held, clock, limits: LIMITS });
}

describe("scheduling", () => {
  it("places both devices of a trial at once, as far as slots go", () => {
    const journal = new JournalFixture();
    journal.submit("s-0000", { trials: 3 });
    const live = [inventoryOf("n1"), inventoryOf("n2"), inventoryOf("n3")];
    const { placements, hopeless } = look(journal, live, new FirstSeen(), 0);
    expect(placements.map((p) => [p.trial.trial, p.devices])).toEqual([
      ["s-0000-001", { origin: "n1", target: "n2" }],
    ]);
    expect(hopeless).toEqual([]);
  });

  it("places nothing of a paused study, and gives none of it up, however long it waits", () => {
    const journal = new JournalFixture();
    journal.submit("s-0000", { trials: 2, scenario: "local-copy" });
    journal.submit("t-0000", { trials: 1, scenario: "local-copy" });
    const by = { study: "s-0000", who: "ann", why: "lunch" };
    journal.apply({ kind: "study-paused", ...by });
    const seen = new FirstSeen();
    const live = [inventoryOf("n1", { slots: 3 })];
    const placed = () => look(journal, live, seen, 0).placements.map((p) => p.trial.study);
    expect(placed()).toEqual(["t-0000"]);
    // No node could ever take it: that is nobody's concern until the study goes on.
    const none = [inventoryOf("n2", { specimens: [] })];
    for (const nowMs of [0, 2000, 9000])
      expect(look(journal, none, seen, nowMs).hopeless.map((h) => h.trial.study)).not.toContain("s-0000");
    journal.apply({ kind: "study-resumed", ...by });
    expect(placed().toSorted()).toEqual(["s-0000", "s-0000", "t-0000"]);
  });

  it("keeps the slot of an ended attempt until the node has closed it, or for a while", () => {
    const journal = new JournalFixture();
    const study = journal.submit("s-0000", { trials: 2, scenario: "local-copy" });
    const trial = journal.firstTrial(study);
    const attempt = journal.place(trial, "n1", "n1");
    const key = { trial: trial.trial, attempt: 1, epoch: 1 };
    journal.apply({ kind: "invalid", key, fault: "ssh-failed", detail: "", retry: true });
    const seen = new FirstSeen();
    expect(look(journal, [inventoryOf("n1")], seen, 0).placements).toEqual([]);
    expect(look(journal, [inventoryOf("n1")], seen, 1001).placements).toHaveLength(1);
    journal.record("n1", trial, attempt, {
      kind: "cell-gone",
      device: "origin",
      cell: "c",
      proof: proofOf(true),
    });
    journal.record("n1", trial, attempt, { kind: "device-closed", device: "origin" });
    expect(look(journal, [inventoryOf("n1")], new FirstSeen(), 0).placements).toHaveLength(1);
  });

  it("gives up on a trial that fits no node after the grace, later where a silent node would fit", () => {
    const journal = new JournalFixture();
    journal.submit("s-0000");
    const one = [inventoryOf("n1")];
    const seen = new FirstSeen();
    expect(look(journal, one, seen, 0).hopeless).toEqual([]);
    expect(look(journal, one, seen, 1001).hopeless).toMatchObject([
      { why: "origin and target must be two different nodes, and only one fits" },
    ]);
    const again = new FirstSeen();
    const known = [...one, inventoryOf("n2", { state: "draining" })];
    look(journal, one, again, 0, known);
    expect(look(journal, one, again, 1001, known).hopeless).toEqual([]);
    expect(look(journal, one, again, 5001, known).hopeless).toHaveLength(1);
  });

  it("gives a real model to tested nodes only, and waits for a person to test one", () => {
    const journal = new JournalFixture();
    const brain = { provider: "ollama", model: "m" };
    journal.submit("s-0000", { scenario: "local-copy", brain });
    const seen = new FirstSeen();
    const untested = [inventoryOf("n1")];
    expect(look(journal, untested, seen, 0).placements).toEqual([]);
    expect(look(journal, untested, seen, 1001).hopeless).toEqual([]);
    expect(look(journal, untested, seen, 5001).hopeless[0]?.why).toContain("redline node selftest n1");
    const selfTest = { at: AT, green: true, stopped: 1, detected: 0, notTested: 0, escaped: [] };
    expect(look(journal, [inventoryOf("n1", { selfTest })], seen, 0).placements).toHaveLength(1);
  });

  it("waits for ever while no node is there", () => {
    const journal = new JournalFixture();
    journal.submit("s-0000");
    const seen = new FirstSeen();
    look(journal, [], seen, 0);
    expect(look(journal, [], seen, 1e9).hopeless).toEqual([]);
  });
});

describe("order of waiting trials", () => {
  it("goes round the studies and lets the one with fewer slots go first", () => {
    const journal = new JournalFixture();
    const big = journal.submit("big-0000", { trials: 4 });
    const small = journal.submit("small-0000", { trials: 2 });
    const waiting = [...journal.state.trialsOf(big.id), ...journal.state.trialsOf(small.id)];
    const names = (order: typeof waiting) => order.map((t) => t.trial);
    expect(names(fairOrder(waiting, new Map([[big.id, 1]])))).toEqual([
      "small-0000-001",
      "big-0000-001",
      "small-0000-002",
      "big-0000-002",
      "big-0000-003",
      "big-0000-004",
    ]);
  });

  it("blames the node that refused, and all nodes where none is named", () => {
    const journal = new JournalFixture();
    const trial = journal.firstTrial(journal.submit("s-0000"));
    const first = journal.place(trial, "n1", "n2");
    journal.record("n1", trial, first, { kind: "refused", why: "full", fault: "node-refused" });
    const key = { trial: trial.trial, attempt: 1, epoch: 1 };
    journal.apply({ kind: "invalid", key, fault: "node-refused", detail: "", retry: true });
    expect([...blamedNodes(trial)]).toEqual(["n1"]);
    journal.place(trial, "n2", "n3");
    journal.apply({
      kind: "invalid",
      key: { ...key, attempt: 2 },
      fault: "ssh-failed",
      detail: "",
      retry: true,
    });
    expect([...blamedNodes(trial)]).toEqual(["n1", "n2", "n3"]);
  });
});
