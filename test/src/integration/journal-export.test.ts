import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { createLogger } from "@redline/daemon";
import {
  coordinatorRecordSchema,
  joinMessages,
  objectDigest,
  Projection,
  type AttemptKey,
  type NodeRecordBody,
  type StudyId,
} from "@redline/shared";
import { describe, expect, it } from "vitest";
import { exportJournal } from "../../../cli/dist/journal/export-file.js";
import { fileSource } from "../../../cli/dist/journal/journal-source.js";
import { checkExport } from "../../../cli/dist/journal/read-export.js";
import { restoreJournal } from "../../../cli/dist/journal/restore-journal.js";
import { sendStudy } from "../../../cli/dist/journal/send-study.js";
import { createApiClient } from "../../../cli/dist/source/api-client.js";
import { exchangeKeeper } from "../../../node-agent/dist/objects/exchange-keeper.js";
import { ObjectCarrier } from "../../../node-agent/dist/objects/object-carrier.js";
import { ObjectFolder } from "../../../node-agent/dist/objects/object-folder.js";
import { startBench, studyOf } from "../kit/coordinator-bench.ts";
import type { FakeNode } from "../kit/fake-node.ts";
import { until } from "../kit/until.ts";

const LOG = createLogger("test", "error");
const MESSAGES = ['{"role":"system","content":"be brief"}', '{"role":"user","content":"begin"}'];
const LONG = "an answer that its record has no room for. ".repeat(1000);
const BY = { who: "tester", why: "a test" };
const options = { objects: true, version: "test", now: new Date(), onProgress: () => undefined };

const client = (dir: string) => createApiClient({ socketPath: join(dir, "http.sock") });

/** One exchange with its messages and its whole answer put away, as the broker records it. */
async function exchange(folder: ObjectFolder, key: AttemptKey): Promise<NodeRecordBody> {
  const keeper = exchangeKeeper(folder, key);
  const kept = await keeper.messages(MESSAGES);
  const whole = await keeper.reply({ text: LONG, calls: [] });
  const asJson = joinMessages(MESSAGES);
  return {
    kind: "exchange",
    number: 1,
    request: { sha256: objectDigest(asJson), bytes: Buffer.byteLength(asJson), messages: 2, kept },
    dropped: 0,
    reply: { text: LONG.slice(0, 100), calls: [], cut: true, whole, model: "m" },
    ...{ promptTokens: 1, completionTokens: 1, costUsd: null, tookMs: 1, waitedMs: 0 },
  };
}

/** What people see of a study's trials. */
const shown = (state: Projection, study: StudyId) =>
  state.trialsOf(study).map(({ trial, state: is, why, verdicts, attempts }) => ({
    ...{ trial, is, why, verdicts },
    attempts: attempts.map(({ attempt, fault, endedAt, runEnd, sealed }) => ({
      ...{ attempt, fault, endedAt, runEnd, sealed },
    })),
  }));

async function stateOf(file: string): Promise<Projection> {
  const state = new Projection();
  for (const line of (await readFile(file, "utf8")).trimEnd().split("\n"))
    state.apply(coordinatorRecordSchema.parse(JSON.parse(line)));
  return state;
}

const running = (nodes: readonly FakeNode[]) =>
  until("an attempt runs", () => {
    const node = nodes.find(({ orders }) => orders.size > 0);
    const order = node?.orders.values().next().value;
    if (node === undefined || order === undefined) throw new Error("none yet");
    return Promise.resolve({ node, key: order.key });
  });

describe("journal: objects, back-up, restore, move", () => {
  it("brings objects to the coordinator, backs up under load, restores, and moves a study into another lab", async () => {
    const dir = await mkdtemp(join(tmpdir(), "redline-export-"));
    await using b = await startBench();
    await using other = await startBench();
    const ended = new AbortController();
    try {
      // One study that is over, and one that runs for ever and moves.
      const done = await b.submit(studyOf({ trials: 3 }));
      await b.ended(done);
      for (const node of b.nodes) {
        node.runMs = Infinity;
        node.orders.clear();
      }
      const moving = await b.submit(studyOf({ trials: 2 }));
      const { node, key } = await running(b.nodes);

      const folder = new ObjectFolder(join(dir, "objects"));
      const carrier = new ObjectCarrier({ node: node.node, folder, recordsWaiting: () => 0, log: LOG });
      const connection = await connect({ servers: [b.nats.url] });
      const carrying = carrier.run(jetstream(connection), ended.signal);
      node.write(await exchange(folder, key), key);
      const held = join(b.coordinator.dir, "objects", moving);
      await until("four objects are here", async () => {
        expect((await readdir(held)).filter((name) => name.length === 64)).toHaveLength(4);
        return true;
      });
      for (const sha256 of await readdir(held))
        expect(
          createHash("sha256")
            .update(await readFile(join(held, sha256)))
            .digest("hex"),
        ).toBe(sha256);
      // The node keeps its own until the coordinator has marked each.
      await until("the node has removed its own", () => {
        expect(carrier.waiting).toBe(0);
        return Promise.resolve(true);
      });
      expect(await folder.all()).toEqual([]);
      ended.abort();
      await carrying;
      await connection.close();

      // A back-up while records arrive.
      const chatter = setInterval(() => node.write({ kind: "phase", phase: "run", ms: 1 }, key), 5);
      const backup = join(dir, "backup.tar");
      const manifest = await exportJournal(fileSource(join(b.coordinator.dir, "journal.jsonl")), backup, {
        ...options,
        study: null,
      });
      clearInterval(chatter);
      const checked = await checkExport(backup);
      expect(checked.objects).toBe(4);
      expect(checked.verifier?.verdicts()).toMatchObject({ ok: true });
      const restored = join(dir, "restored");
      await restoreJournal(backup, restored);
      const lines = (await readFile(join(restored, "journal.jsonl"), "utf8")).trimEnd().split("\n");
      expect((await b.coordinator.journal()).lines.slice(0, manifest.records)).toEqual(lines);
      expect(await readdir(join(restored, "objects", moving))).toHaveLength(4);
      const here = await stateOf(join(b.coordinator.dir, "journal.jsonl"));
      expect(shown(await stateOf(join(restored, "journal.jsonl")), done)).toEqual(shown(here, done));
      await expect(restoreJournal(backup, restored)).rejects.toThrow("not empty");

      // An export that was touched is refused, and says where.
      const bytes = await readFile(backup);
      const at = bytes.indexOf("study-submitted");
      bytes[at] = 0x53;
      await writeFile(join(dir, "touched.tar"), bytes);
      await expect(checkExport(join(dir, "touched.tar"))).rejects.toThrow("no export that holds");

      // Moved: over here, and nothing of it runs here any more.
      const moved = await client(b.coordinator.dir).moveOut(moving, BY);
      expect(moved).toMatchObject({ cancelledTrials: 2, silent: [] });
      await expect(client(b.coordinator.dir).moveOut(moving, BY)).rejects.toThrow();
      const file = join(dir, "study.tar");
      await exportJournal(fileSource(join(b.coordinator.dir, "journal.jsonl")), file, {
        ...options,
        study: moving,
      });
      const study = await checkExport(file);
      expect(study.manifest).toMatchObject({ of: "study", study: moving });

      const there = client(other.coordinator.dir);
      await expect(sendStudy(client(b.coordinator.dir), file, study, BY, () => undefined)).rejects.toThrow(
        "the lab that the export is from",
      );
      const outcome = await sendStudy(there, file, study, BY, () => undefined);
      expect(outcome).toContain("goes on here");
      const trials = await other.ended(moving);
      expect(trials.map(({ state }) => state)).toEqual(["done", "done"]);
      for (const trial of trials) {
        const [first, ...more] = trial.attempts;
        expect([first?.fault, ...more.map(({ fault }) => fault)]).toEqual(["study-moved", null]);
      }
      expect(await readdir(join(other.coordinator.dir, "objects", moving))).toHaveLength(4);
      await expect(sendStudy(there, file, study, BY, () => undefined)).rejects.toThrow("here already");

      // A study that was not moved is a copy to read, with its verdicts.
      const copy = join(dir, "copy.tar");
      await exportJournal(fileSource(join(b.coordinator.dir, "journal.jsonl")), copy, {
        ...options,
        study: done,
      });
      expect(await sendStudy(there, copy, await checkExport(copy), BY, () => undefined)).toContain("to read");
      const both = (await other.coordinator.journal()).state;
      expect(shown(both, done)).toEqual(shown(here, done));
      expect(both.trialsOf(done).every(({ attempts }) => attempts.length === 1)).toBe(true);

      // By hand: the objects go, the records stay.
      const pruned = await there.prune(moving, BY);
      expect(pruned.count).toBe(4);
      expect(await there.objects(moving)).toEqual([]);
      expect((await other.coordinator.journal()).records.at(-1)?.body).toMatchObject({
        kind: "objects-removed",
        study: moving,
        who: "tester",
      });

      // A restart reads all of it again.
      await other.coordinator.end("SIGTERM");
      await other.coordinator.start();
      expect(shown((await other.coordinator.journal()).state, done)).toEqual(shown(here, done));
    } finally {
      ended.abort();
      await rm(dir, { recursive: true, force: true });
    }
  }, 300_000);

  it("sets poison aside with its reason, and goes on", async () => {
    await using b = await startBench();
    const [node] = b.nodes;
    if (node === undefined) throw new Error("no node");
    await node.publishRaw(`redline.v1.evt.${node.node}`, "\u001b[31mno record");
    await node.publishRaw("redline.v1.evt.stranger", "{}");
    const file = join(b.coordinator.dir, "set-aside.jsonl");
    await until("both are written down", async () => {
      const text = await readFile(file, "utf8");
      expect(text).toContain("not JSON");
      expect(text).toContain("the sender is not enrolled");
      return true;
    });
    const study = await b.submit(studyOf({ trials: 1 }));
    expect((await b.ended(study)).map(({ state }) => state)).toEqual(["done"]);
  });
});
