import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  nodeIdSchema,
  studyIdSchema,
  studySchema,
  trialIdSchema,
  type AttemptKey,
  type NodeRecordBody,
} from "@redline/shared";
import { createLogger } from "@redline/daemon";
import { afterEach, beforeEach, expect, it } from "vitest";
import { systemClock } from "./clock.ts";
import { openJournalStore } from "./journal-store.ts";
import { LeaseBook } from "./lease-book.ts";
import { AT, inventoryOf, proofOf, SHA } from "./projection-fixture.ts";
import { Reconciler, type ReconcilerPorts } from "./reconciler.ts";
import { SealBook } from "./seal-book.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-reconciler-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

const STUDY = studyIdSchema.parse("s-0000");
const TRIAL = trialIdSchema.parse("s-0000-001");
const [N1, N2] = [nodeIdSchema.parse("n1"), nodeIdSchema.parse("n2")];

/** A coordinator without a bus: its orders are only noted. */
async function bench(more: Partial<ReconcilerPorts> = {}) {
  const store = await openJournalStore(join(dir, "journal.jsonl"), systemClock, () => undefined);
  const definition = studySchema.parse({
    study: "s",
    specimens: { tiny: { path: "x" } },
    brains: { b: { provider: "scripted", behaviour: "competent" } },
    scenarios: ["cross-device"],
  });
  const specimens = { tiny: { name: "tiny", sha256: SHA } };
  await store.commit({ kind: "study-submitted", study: STUDY, file: "", definition, specimens });
  const said: string[] = [];
  const reconciler = new Reconciler({
    store,
    leases: new LeaseBook(),
    orders: {
      run: (_study, trial, attempt) => void said.push(`run ${trial.trial}.${attempt.attempt}`),
      cancel: (trial, attempt) => void said.push(`cancel ${trial.trial}.${attempt.attempt}`),
      ended: () => undefined,
    },
    mirror: { shows: () => true, sync: () => Promise.resolve() },
    bus: { upSinceMs: 0 },
    clock: systemClock,
    log: createLogger("test", "silent"),
    seals: {
      book: new SealBook(),
      key: generateKeyPairSync("ed25519").privateKey,
      version: "0",
      instrument: () => ({ found: false, why: "no controls" }),
    },
    live: () => [inventoryOf("n1", { slots: 2 }), inventoryOf("n2", { slots: 2 })],
    epoch: 1,
    limits: { leaseMs: 60_000, acceptMs: 60_000, evidenceWaitMs: 60_000, unplaceableMs: 1e6, absentMs: 1e6 },
    ...more,
  });
  let seq = 0;
  const say = async (node: typeof N1, key: AttemptKey, body: NodeRecordBody) => {
    const record = {
      v: 1,
      node,
      seq: (seq += 1),
      prev: "0".repeat(64),
      bootId: "b",
      at: AT,
      monoMs: 0,
      key,
      body,
    };
    await store.commit({ kind: "node-record", node, seq, line: JSON.stringify(record) });
  };
  return { store, said, say, pass: () => reconciler.pass(true) };
}

it("ends a trial and its next attempt when a cell of the one before proves unclean after a retry", async () => {
  const { store, said, say, pass } = await bench();
  await pass();
  const key: AttemptKey = { trial: TRIAL, attempt: 1, epoch: 1 };
  await say(N1, key, { kind: "accepted", device: "origin", command: "c" });
  await say(N1, key, { kind: "attempt-ended", outcome: "infra", fault: "ssh-failed", detail: "" });
  await pass();
  const trial = store.state.trials.get(TRIAL);
  expect(trial?.attempts).toHaveLength(2);
  await say(N2, key, { kind: "cell-gone", device: "target", cell: "c", proof: proofOf(false) });
  await pass();
  await pass();
  expect(said).toEqual([`run ${TRIAL}.1`, `cancel ${TRIAL}.1`, `run ${TRIAL}.2`, `cancel ${TRIAL}.2`]);
  expect(trial).toMatchObject({ state: "invalid", attempts: [{ fault: "not-sterile" }, { fault: null }] });
  expect(store.state.studies.get(STUDY)?.endedAt).not.toBeNull();
  await store.close();
});

it("goes on to show the end of a trial that is over, until it is shown", async () => {
  let nowMs = 0;
  const told: string[] = [];
  let works = false;
  const { store, say, pass } = await bench({
    clock: { ...systemClock, monoMs: () => (nowMs += 1000) },
    mirror: {
      shows: ({ state }) => works && told.at(-1) === state,
      sync: ({ state }) => Promise.resolve(void told.push(state)),
    },
  });
  await pass();
  const key: AttemptKey = { trial: TRIAL, attempt: 1, epoch: 1 };
  await say(N1, key, { kind: "accepted", device: "origin", command: "c" });
  await say(N1, key, { kind: "attempt-ended", outcome: "completed", detail: "" });
  for (const [node, device] of [
    [N2, "target"],
    [N1, "origin"],
  ] as const) {
    await say(node, key, { kind: "cell-gone", device, cell: "c", proof: proofOf(true) });
    await say(node, key, { kind: "device-closed", device });
  }
  await pass();
  expect(store.state.trials.get(TRIAL)?.state).toBe("done");
  for (let times = 0; times < 3; times += 1) await pass();
  const before = told.filter((state) => state === "done").length;
  expect(before).toBeGreaterThan(2);
  works = true;
  for (let times = 0; times < 3; times += 1) await pass();
  expect(told.filter((state) => state === "done")).toHaveLength(before);
  await store.close();
});

it.each([
  { what: "is silent", enrolled: [N1, N2], state: "waiting" },
  { what: "was removed", enrolled: [N1], state: "cancelled" },
])("a trial waits for a node that $what: it is $state", async ({ enrolled, state }) => {
  const limits = { leaseMs: 60_000, acceptMs: 60_000, evidenceWaitMs: 60_000 };
  const { store, pass } = await bench({
    live: () => [inventoryOf("n1", { slots: 2 })],
    enrolled: new Set(enrolled),
    limits: { ...limits, unplaceableMs: 0, absentMs: 1e6 },
  });
  for (const node of ["n1", "n2"])
    await store.commit({ kind: "node-seen", inventory: inventoryOf(node, { slots: 2 }) });
  await pass();
  await pass();
  expect(store.state.trials.get(TRIAL)?.state).toBe(state);
  await store.close();
});
