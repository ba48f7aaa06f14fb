import { createPublicKey } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openJournal, readJournalLines } from "@redline/daemon";
import {
  attemptKeySchema,
  EvidenceDigest,
  evidenceStatementSchema,
  digestDiffers,
  isSignedBy,
  nodeIdSchema,
  nodeRecordSchema,
  studyIdSchema,
  type AttemptKey,
} from "@redline/shared";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createNodeLog, type NodeLog, type UnchainedRecord } from "./node-log.ts";
import { openSealKey } from "./seal-key.ts";
import { createSealer, type Sealer } from "./sealer.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-sealer-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

const NODE = nodeIdSchema.parse("n1");
const STUDY = studyIdSchema.parse("s-0000");
const keyOf = (trial: string) => attemptKeySchema.parse({ trial, attempt: 1, epoch: 1 });
const [KEY, OTHER] = [keyOf("s-0000-001"), keyOf("s-0000-002")];

/** A journal on disk, a log over it and a sealer that is told of every record. */
async function bench() {
  const path = join(dir, "journal.jsonl");
  const { journal } = await openJournal<UnchainedRecord>(path);
  const sealer = createSealer({ node: NODE, bootId: "b", version: "0", key: await openSealKey(dir) });
  const log = createNodeLog({
    node: NODE,
    bootId: "b",
    journal,
    onPlaced: (line) => sealer.take(line, nodeRecordSchema.parse(JSON.parse(line))),
    onRecord: () => undefined,
    onFailure: () => undefined,
    now: () => new Date(0),
    monoMs: () => 0,
  });
  return { path, journal, sealer, log };
}
const accept = (log: NodeLog, key: AttemptKey) =>
  log.write({ kind: "accepted", device: "origin", command: "c" }, key);
const phase = (log: NodeLog, key: AttemptKey) => log.write({ kind: "phase", phase: "run", ms: 1 }, key);
const close = (log: NodeLog, key: AttemptKey) => log.write({ kind: "device-closed", device: "origin" }, key);

/** Every seal of an attempt in the journal, against the lines before it. */
async function sealsOf(path: string, key: AttemptKey, { publicKey }: Sealer) {
  const digest = new EvidenceDigest();
  return (await readJournalLines(path)).lines.flatMap((line) => {
    const record = nodeRecordSchema.parse(JSON.parse(line));
    if (record.key?.trial !== key.trial) return [];
    const before = digest.value();
    digest.take(line, record.seq);
    if (record.body.kind !== "sealed") return [];
    const { payload, sig } = record.body;
    const statement = evidenceStatementSchema.parse(JSON.parse(payload));
    const signed = isSignedBy(Buffer.from(payload), sig, createPublicKey(publicKey));
    return [{ signed, differs: digestDiffers(statement, before), predicate: statement.predicate }];
  });
}

describe("sealer", () => {
  it("signs a digest of the attempt's lines in the journal and of no others", async () => {
    const { path, journal, sealer, log } = await bench();
    await accept(log, KEY);
    await accept(log, OTHER);
    await phase(log, OTHER);
    await phase(log, KEY);
    await sealer.seal(STUDY, KEY, log);
    await close(log, KEY);
    const [seal] = await sealsOf(path, KEY, sealer);
    expect(seal).toMatchObject({
      signed: true,
      differs: null,
      predicate: { trial: KEY.trial, node: NODE, devices: ["origin"], records: 2, firstSeq: 1, lastSeq: 4 },
    });
    await journal.close();
  });

  it("seals what is still on its way to the disk, and nothing comes between the seal and what is written next", async () => {
    const { path, journal, sealer, log } = await bench();
    await accept(log, KEY);
    await Promise.all([phase(log, KEY), sealer.seal(STUDY, KEY, log), close(log, KEY)]);
    const seals = await sealsOf(path, KEY, sealer);
    expect(seals.map(({ signed, differs, predicate }) => [signed, differs, predicate.records])).toEqual([
      [true, null, 2],
    ]);
    const kinds = (await readJournalLines(path)).lines.map(
      (line) => nodeRecordSchema.parse(JSON.parse(line)).body.kind,
    );
    expect(kinds).toEqual(["accepted", "phase", "sealed", "device-closed"]);
    await journal.close();
  });

  it("seals each device's end on a node that has both", async () => {
    const { path, journal, sealer, log } = await bench();
    await accept(log, KEY);
    await log.write({ kind: "accepted", device: "target", command: "c" }, KEY);
    await sealer.seal(STUDY, KEY, log);
    await log.write({ kind: "device-closed", device: "target" }, KEY);
    await sealer.seal(STUDY, KEY, log);
    await close(log, KEY);
    const seals = await sealsOf(path, KEY, sealer);
    expect(seals.map(({ differs, predicate }) => [differs, predicate.records])).toEqual([
      [null, 2],
      [null, 4],
    ]);
    await journal.close();
  });

  it("writes no seal for an attempt of a predecessor, or one that is over", async () => {
    const { path, journal, sealer, log } = await bench();
    await log.write({ kind: "lost", device: "origin", detail: "" }, OTHER);
    await sealer.seal(STUDY, OTHER, log);
    await accept(log, KEY);
    await close(log, KEY);
    await sealer.seal(STUDY, KEY, log);
    expect(await sealsOf(path, KEY, sealer)).toEqual([]);
    expect(await sealsOf(path, OTHER, sealer)).toEqual([]);
    await journal.close();
  });
});

describe("the node's key", () => {
  it("is made once and only the daemon's user can read it", async () => {
    const key = await openSealKey(dir);
    const path = join(dir, "node-key.pem");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await openSealKey(dir)).equals(key)).toBe(true);
    expect(await readFile(path, "utf8")).toContain("PRIVATE KEY");
  });

  it("is refused when it is no key or others can read it, with what to do", async () => {
    const path = join(dir, "node-key.pem");
    await writeFile(path, "", { mode: 0o600 });
    await expect(openSealKey(dir)).rejects.toThrow("holds no Ed25519 key; move it away");
    await chmod(path, 0o644);
    await expect(openSealKey(dir)).rejects.toThrow("can be read by others; move it away");
  });
});
