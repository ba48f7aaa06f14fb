import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeIdSchema } from "@redline/shared";
import { createLogger } from "@redline/daemon";
import { expect, it, vi } from "vitest";
import { openJournalStore } from "./journal-store.ts";
import { AT } from "./projection-fixture.ts";
import { RecordGate } from "./record-gate.ts";
import { RecordsIntake } from "./records-intake.ts";

const n1 = nodeIdSchema.parse("n1");
const log = createLogger("test", "silent");
const record = (seq: number) =>
  Buffer.from(
    JSON.stringify({
      ...{ v: 1, node: "n1", seq, prev: "0".repeat(64), bootId: "b", at: AT, monoMs: 0 },
      body: { kind: "node-started", version: "1", instance: "i" },
    }),
  );

async function within(
  test: (intake: RecordsIntake, time: { ms: number }, taken: () => number) => Promise<void>,
) {
  const dir = await mkdtemp(join(tmpdir(), "redline-intake-"));
  const time = { ms: 0 };
  const clock = { monoMs: () => time.ms, now: () => new Date(AT) };
  const store = await openJournalStore(join(dir, "journal.jsonl"), clock, (error) => {
    throw error;
  });
  try {
    const intake = new RecordsIntake({
      ...{ store, gate: new RecordGate(), enrolled: new Set([n1]), clock, log, count: () => undefined },
      bus: { upSinceMs: 0, restartPeriods: () => undefined },
    });
    await test(intake, time, () => store.state.taken.get(n1) ?? 0);
  } finally {
    await store.close();
    await rm(dir, { recursive: true });
  }
}
const give = (intake: RecordsIntake, seqs: readonly number[]) =>
  Promise.all(
    seqs.map((seq) => new Promise<void>((resolve) => intake.take("rl.v1.evt.n1", record(seq), resolve))),
  );

it("takes records in their order, those that came early too, when the one before them is here", () =>
  within(async (intake, _, taken) => {
    await give(intake, [4, 2, 3, 1]);
    expect(taken()).toBe(4);
  }));

it("waits for missing records, and less long for those of a node that filled the queue with early ones", () =>
  within(async (intake, time, taken) => {
    await give(intake, [1]);
    let from = 3;
    // Each time hundreds after a gap, which is given up after a time that shrinks.
    for (const waitMs of [20_000, 10_000, 5000]) {
      const all = give(
        intake,
        Array.from({ length: 600 }, (_, i) => from + i),
      );
      time.ms += waitMs;
      intake.takeOverdue();
      const before = taken();
      time.ms += 1;
      intake.takeOverdue();
      await all;
      expect([before, taken()]).toEqual([from - 2, from + 599]);
      from += 601;
    }
    const few = give(intake, [from]);
    time.ms += 2600;
    intake.takeOverdue();
    await few;
    // Forgiven after ten minutes without.
    const patient = give(intake, [from + 2]);
    time.ms += 600_001;
    intake.takeOverdue();
    await patient;
    const later = give(intake, [from + 4]);
    time.ms += 19_000;
    intake.takeOverdue();
    expect(taken()).toBe(from + 2);
    time.ms += 1001;
    intake.takeOverdue();
    await later;
  }));

it("takes a message of several lines, and acknowledges it when the last of them is on disk", () =>
  within(async (intake, _, taken) => {
    const message = (seqs: readonly number[]) =>
      Buffer.from(seqs.map((seq) => record(seq).toString()).join("\n"));
    const acked: string[] = [];
    // 3 and 4 come before 2: nothing of that message is acknowledged before 2 is here.
    intake.take("rl.v1.evt.n1", message([3, 4]), () => acked.push("3, 4"));
    await give(intake, [1]);
    expect(acked).toEqual([]);
    await new Promise<void>((resolve) => intake.take("rl.v1.evt.n1", message([1, 2]), resolve));
    await vi.waitFor(() => expect(acked).toEqual(["3, 4"]));
    expect(taken()).toBe(4);
  }));

it("refuses a message of more lines than a node sends as one, and does not keep it", () =>
  within(async (intake, _, taken) => {
    await new Promise<void>((resolve) =>
      intake.take("rl.v1.evt.n1", Buffer.from("\n".repeat(1_000_000)), resolve),
    );
    const broken = Buffer.from(`{\n${record(1).toString()}`);
    await new Promise<void>((resolve) => intake.take("rl.v1.evt.n1", broken, resolve));
    expect(taken()).toBe(1);
  }));
