import { describe, expect, it } from "vitest";
import type { AttemptView, Inventory, TrialView } from "@redline/shared";
import { FirstSeen } from "./first-seen.ts";
import { heldSlots } from "./held-slots.ts";
import { AT, inventoryOf, JournalFixture, proofOf } from "./projection-fixture.ts";
import { schedule, type Placement } from "./scheduler.ts";
import { Claims } from "./scheduler-claims.ts";
import { blamedNodes } from "./waiting-order.ts";

const LIMITS = { unplaceableMs: 1000, absentMs: 5000, patienceMs: 1000 };

function look(
  journal: JournalFixture,
  live: readonly Inventory[],
  seen: FirstSeen,
  nowMs: number,
  known: readonly Inventory[] = live,
  claims = new Claims(),
) {
  seen.begin();
  const since = (condition: string) => seen.since(condition, nowMs);
  const trials = [...journal.state.trials.values()];
  const leaving = { nowMs, since, sinceEndMs: (of: AttemptView) => journal.state.sinceEndMs(of) };
  const held = heldSlots(trials, leaving, 1000, journal.state.studies);
  const clock = { nowMs, busUpSinceMs: 0, since };
  return schedule({ state: journal.state, trials, live, known, held, claims, clock, limits: LIMITS });
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

const namesOf = (placements: readonly Placement[]) => placements.map(({ trial }) => trial.trial);

describe("order of waiting trials", () => {
  it("goes round the studies and lets the one with fewer attempts go first", () => {
    const journal = new JournalFixture();
    const big = journal.submit("big-0000", { trials: 5, scenario: "local-copy" });
    journal.submit("small-0000", { trials: 2, scenario: "local-copy" });
    journal.place(journal.firstTrial(big), "n9", "n9");
    const { placements } = look(journal, [inventoryOf("n1", { slots: 9 })], new FirstSeen(), 0);
    expect(namesOf(placements)).toEqual([
      "small-0000-001",
      "big-0000-002",
      "small-0000-002",
      "big-0000-003",
      "big-0000-004",
      "big-0000-005",
    ]);
  });

  it("puts a higher priority before all others", () => {
    const journal = new JournalFixture();
    journal.submit("low-0000", { trials: 2, scenario: "local-copy" });
    journal.submit("high-0000", { trials: 2, scenario: "local-copy", more: { priority: 1 } });
    const { placements } = look(journal, [inventoryOf("n1", { slots: 3 })], new FirstSeen(), 0);
    expect(namesOf(placements)).toEqual(["high-0000-001", "high-0000-002", "low-0000-001"]);
  });

  it("places nothing on a node that a person took out of service, and waits for that to end", () => {
    const journal = new JournalFixture();
    journal.submit("s-0000", { scenario: "local-copy" });
    const live = [inventoryOf("n1")];
    journal.apply({ kind: "node-drain", node: "n1", drain: true, who: "ann", why: "new disk" });
    const seen = new FirstSeen();
    expect(look(journal, live, seen, 0)).toEqual({ placements: [], hopeless: [] });
    expect(look(journal, live, seen, 1001).hopeless).toEqual([]);
    journal.apply({ kind: "node-drain", node: "n1", drain: false, who: "ann", why: "" });
    expect(look(journal, live, seen, 2000).placements).toHaveLength(1);
  });

  it("keeps seats for a trial of two nodes that small ones of another study went past", () => {
    const journal = new JournalFixture();
    const small = journal.submit("a-small-0000", { trials: 40, scenario: "local-copy" });
    journal.submit("b-big-0000", { trials: 1 });
    const live = [inventoryOf("n1"), inventoryOf("n2")];
    const [seen, claims] = [new FirstSeen(), new Claims()];
    let started: number | null = null;
    const running: TrialView[] = [];
    // One of two small trials ends at a time, so that the two nodes are never free together.
    const [first, second] = journal.state.trialsOf(small.id);
    if (first === undefined || second === undefined) throw new Error("no trials");
    journal.place(first, "n1", "n1");
    journal.place(second, "n2", "n2");
    running.push(first, second);
    for (let nowMs = 0; nowMs < 10_000 && started === null; nowMs += 200) {
      const over = running.shift();
      if (over !== undefined) journal.apply({ kind: "cancelled", trial: over.trial, why: "over" });
      const attempt = over?.attempts.at(-1);
      if (over !== undefined && attempt !== undefined)
        journal.record(attempt.devices.origin, over, attempt, { kind: "device-closed", device: "origin" });
      for (const { trial, devices } of look(journal, live, seen, nowMs, live, claims).placements) {
        journal.place(trial, devices.origin, devices.target);
        if (trial.study === small.id) running.push(trial);
        else started = nowMs;
      }
    }
    expect(started).toBeGreaterThanOrEqual(1000);
    expect(started).toBeLessThan(2000);
  });
});

describe("GPUs and memory of what runs", () => {
  it("are not given away again until the node has closed its part", () => {
    const journal = new JournalFixture();
    const devices = { origin: { gpus: { count: 1 } } };
    const study = journal.submit("s-0000", { trials: 2, scenario: "local-copy", more: { devices } });
    const gpu = { index: 0, model: "A10", memoryTotalMiB: 24_000, memoryUsedMiB: 0, uuid: "GPU-0" };
    const live = [inventoryOf("n1", { slots: 4, gpus: [gpu] })];
    const [placement] = look(journal, live, new FirstSeen(), 0).placements;
    const gpus = { origin: [{ index: 0, uuid: "GPU-0" }], target: [] };
    expect(placement?.gpus).toEqual(gpus);
    const key = { trial: journal.firstTrial(study).trial, attempt: 1, epoch: 1 };
    journal.apply({ kind: "placed", study: study.id, key, devices: { origin: "n1", target: "n1" }, gpus });
    expect(look(journal, live, new FirstSeen(), 0).placements).toEqual([]);
  });
});

describe("whom a fault speaks against", () => {
  const blamed = (
    fault: string,
    detail: string,
    record?: (journal: JournalFixture, trial: TrialView) => void,
  ) => {
    const journal = new JournalFixture();
    const trial = journal.firstTrial(journal.submit("s-0000"));
    journal.place(trial, "n1", "n2");
    record?.(journal, trial);
    const key = { trial: trial.trial, attempt: 1, epoch: 1 };
    journal.apply({ kind: "invalid", key, fault, detail, retry: true });
    return [...blamedNodes(trial)];
  };
  const ended = (fault: "ssh-failed", detail: string) => (journal: JournalFixture, trial: TrialView) => {
    const attempt = trial.attempts.at(-1);
    if (attempt !== undefined)
      journal.record("n1", trial, attempt, { kind: "attempt-ended", outcome: "infra", fault, detail });
  };

  it.each([
    ["node-lost", "n2 (target) has not renewed its lease for 3 s", ["n2"]],
    ["evidence-late", "no last record of n1 (origin) and n2 (target) within 3 s", ["n1", "n2"]],
    ["brain-unreachable", "n1 n2", []],
    ["peer-unreachable", "n2 did not answer reserve: no reply", []],
    ["ssh-failed", "", ["n1", "n2"]],
  ])("%s: %s", (fault, detail, nodes) => {
    expect(blamed(fault, detail)).toEqual(nodes);
  });

  it("is the origin for what its daemon said, and the target for what that one's daemon told it", () => {
    expect(blamed("ssh-failed", "refused", ended("ssh-failed", "refused"))).toEqual(["n1"]);
    expect(blamed("ssh-failed", "n2: refused", ended("ssh-failed", "n2: refused"))).toEqual(["n2"]);
  });

  it("is the node that refused", () => {
    expect(
      blamed("node-refused", "n2 refused: full", (journal, trial) => {
        const attempt = trial.attempts.at(-1);
        if (attempt !== undefined)
          journal.record("n2", trial, attempt, { kind: "refused", why: "full", fault: "node-refused" });
      }),
    ).toEqual(["n2"]);
  });
});
