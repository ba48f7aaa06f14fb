import { describe, expect, it } from "vitest";
import type { AttemptView, TrialView } from "@redline/shared";
import { judgeAttempt, mayRetry, type JudgeClock } from "./attempt-judge.ts";
import { FirstSeen } from "./first-seen.ts";
import { LeaseBook } from "./lease-book.ts";
import { JournalFixture, proofOf } from "./projection-fixture.ts";

const LIMITS = { leaseMs: 1000, acceptMs: 2000, evidenceWaitMs: 3000 };

/** A placed cross-device attempt and a clock which the test moves. */
function bench() {
  const journal = new JournalFixture();
  const trial = journal.firstTrial(journal.submit("s-0000"));
  const attempt = journal.place(trial, "n1", "n2");
  const seen = new FirstSeen();
  const leases = new LeaseBook();
  const judge = (nowMs: number, busUpSinceMs: number | null = 0) => {
    seen.begin();
    const clock: JudgeClock = {
      nowMs,
      sinceEndMs: () => 0,
      busUpSinceMs,
      since: (condition) => seen.since(condition, nowMs),
      renewedMs: (node, id, number) => leases.lastMs(node, id, number),
    };
    return judgeAttempt(trial, attempt, clock, LIMITS);
  };
  const renew = (node: "origin" | "target", nowMs: number) =>
    leases.renewed({ node: attempt.devices[node], trial: trial.trial, attempt: 1 }, nowMs);
  const say = (node: string, ...bodies: Parameters<JournalFixture["record"]>[3][]) => {
    for (const body of bodies) journal.record(node, trial, attempt, body);
  };
  return { journal, trial, attempt, judge, renew, say };
}

const accepted = (device: "origin" | "target") => ({ kind: "accepted", device, command: "c" }) as const;
const over = (outcome: "completed" | "infra" | "cancelled") =>
  ({ kind: "attempt-ended", outcome, detail: "why" }) as const;

const partEnded = (device: "origin" | "target") =>
  ({ kind: "part-ended", device, fault: "coordinator-silent", detail: "no pulse" }) as const;

describe("judging an attempt", () => {
  it("counts a placed attempt as lost when nobody accepts it in time", () => {
    const { judge } = bench();
    expect(judge(0).todo).toBe("nothing");
    expect(judge(2000).todo).toBe("nothing");
    expect(judge(2001)).toMatchObject({ todo: "invalid", fault: "node-lost" });
  });

  it("counts a running attempt as lost when its origin, or a target that accepted, falls silent", () => {
    const { judge, say, renew } = bench();
    say("n1", accepted("origin"));
    expect(judge(0).todo).toBe("nothing");
    renew("origin", 900);
    expect(judge(1800).todo).toBe("nothing");
    say("n2", accepted("target"));
    renew("origin", 2700);
    expect(judge(2700).todo).toBe("nothing");
    renew("origin", 3900);
    expect(judge(3900)).toMatchObject({
      fault: "node-lost",
      detail: "n2 (target) has not renewed its lease for 1 s",
    });
  });

  it("does not ask a closed target for renewals", () => {
    const { judge, say, renew } = bench();
    say("n1", accepted("origin"));
    say("n2", accepted("target"), { kind: "device-closed", device: "target" });
    judge(0);
    renew("origin", 5000);
    expect(judge(5000).todo).toBe("nothing");
  });

  it("lets nothing run out while the bus is down, nor for a full period after it returns", () => {
    const { judge, say } = bench();
    say("n1", accepted("origin"));
    judge(0);
    expect(judge(60_000, null).todo).toBe("nothing");
    expect(judge(60_500, 60_000).todo).toBe("nothing");
    expect(judge(61_001, 60_000)).toMatchObject({ fault: "node-lost" });
  });

  it("adjudicates when the attempt completed and every device has closed", () => {
    const { judge, say } = bench();
    say("n1", accepted("origin"), over("completed"), { kind: "device-closed", device: "origin" });
    expect(judge(0).todo).toBe("nothing");
    say("n2", { kind: "device-closed", device: "target" });
    expect(judge(10).todo).toBe("adjudicate");
  });

  it("gives up on evidence that does not come", () => {
    const { judge, say } = bench();
    say("n1", accepted("origin"), over("completed"), { kind: "device-closed", device: "origin" });
    judge(0);
    expect(judge(3001)).toMatchObject({
      fault: "evidence-late",
      detail: "no last record of n2 (target) within 3 s",
    });
  });

  it.each([
    ["infra without a fault", over("infra"), "unexpected"],
    ["infra", { ...over("infra"), fault: "ssh-failed" as const }, "ssh-failed"],
    ["a cancel that the coordinator did not order", over("cancelled"), "node-draining"],
    ["refused", { kind: "refused", why: "full", fault: "node-refused" } as const, "node-refused"],
    ["lost", { kind: "lost", device: "origin", detail: "died" } as const, "node-restarted"],
    ["a part ended unasked", partEnded("origin"), "coordinator-silent"],
  ])("makes it invalid on %s", (_name, body, fault) => {
    const { judge, say } = bench();
    say("n1", accepted("origin"), body);
    expect(judge(0)).toMatchObject({ todo: "invalid", fault });
  });
});

describe("a target that ends its part", () => {
  it("unasked ends the attempt at once, with its own cause; its close alone does not", () => {
    const { judge, say, renew } = bench();
    say("n1", accepted("origin"));
    say("n2", accepted("target"));
    renew("origin", 0);
    renew("target", 0);
    expect(judge(0).todo).toBe("nothing");
    say("n2", partEnded("target"));
    expect(judge(1)).toEqual({
      todo: "invalid",
      fault: "coordinator-silent",
      detail: "n2 ended its part: no pulse",
    });
    const asked = bench();
    asked.say("n1", accepted("origin"));
    asked.say("n2", accepted("target"), { kind: "device-closed", device: "target" });
    expect(asked.judge(0).todo).toBe("nothing");
  });

  it("unasked never counts as completed, and another node's word for it counts for nothing", () => {
    const { judge, say } = bench();
    say("n1", accepted("origin"), partEnded("target"), over("completed"));
    say("n1", { kind: "device-closed", device: "origin" });
    expect(judge(0).todo).toBe("nothing");
    say("n2", partEnded("target"), { kind: "device-closed", device: "target" });
    expect(judge(0)).toMatchObject({ fault: "coordinator-silent" });
  });
});

describe("an unclean cell", () => {
  const left = { kind: "cell-gone", device: "target", cell: "c", proof: proofOf(false) } as const;
  it.each([
    ["infra", "n1", { ...over("infra"), fault: "ssh-failed" as const }],
    ["a node's own cancel", "n1", over("cancelled")],
    ["refused", "n1", { kind: "refused", why: "full", fault: "node-refused" } as const],
    ["lost", "n2", { kind: "lost", device: "target", detail: "died" } as const],
  ])("overrides %s", (_name, node, body) => {
    const { judge, say } = bench();
    say("n1", accepted("origin"));
    say("n2", accepted("target"), left);
    expect(judge(0).todo).toBe("nothing");
    say(node, body);
    const judgement = judge(0);
    expect(judgement).toMatchObject({ fault: "not-sterile" });
    expect("detail" in judgement && judgement.detail).toMatch(
      /^the target cell on n2 left pid 7 sleep; besides: /,
    );
  });

  it("overrides silence, and leaves a completed attempt to its adjudication", () => {
    const silent = bench();
    silent.say("n1", accepted("origin"));
    silent.say("n2", left);
    silent.judge(0);
    expect(silent.judge(1001)).toMatchObject({ fault: "not-sterile" });
    const whole = bench();
    whole.say("n1", accepted("origin"), over("completed"), { kind: "device-closed", device: "origin" });
    whole.say("n2", left, { kind: "device-closed", device: "target" });
    expect(whole.judge(0).todo).toBe("adjudicate");
  });
});

describe("trying again", () => {
  const attemptNumber = (attempt: number) => {
    const { attempt: view }: { attempt: AttemptView; trial: TrialView } = bench();
    return { ...view, attempt };
  };
  it("follows the fault table and the study's limit", () => {
    expect(mayRetry("node-lost", attemptNumber(2), 3)).toBe(true);
    expect(mayRetry("node-lost", attemptNumber(3), 3)).toBe(false);
    expect(mayRetry("not-sterile", attemptNumber(1), 3)).toBe(false);
  });
});
