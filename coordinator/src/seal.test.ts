import { createPublicKey, generateKeyPairSync } from "node:crypto";
import {
  attemptKeySchema,
  coordinatorRecordSchema,
  EMPTY_HEAD,
  EvidenceDigest,
  evidenceStatement,
  isSignedBy,
  keyIdOf,
  linkRecord,
  nodeIdSchema,
  Projection,
  publicPem,
  signStatement,
  studyIdSchema,
  trialIdSchema,
  verdictStatementSchema,
  verdictTerms,
  type AttemptKey,
  type CoordinatorRecordBody,
  type Device,
  type NodeRecordBody,
} from "@redline/shared";
import { describe, expect, it } from "vitest";
import { completionOf } from "./completion.ts";
import { AT, proofOf, SHA } from "./projection-fixture.ts";
import { SealBook } from "./seal-book.ts";

const STUDY = studyIdSchema.parse("s-0000");
const TRIAL = trialIdSchema.parse("s-0000-001");
const KEY: AttemptKey = attemptKeySchema.parse({ trial: TRIAL, attempt: 1, epoch: 1 });
const [N1, N2] = [nodeIdSchema.parse("n1"), nodeIdSchema.parse("n2")];
const coordinator = generateKeyPairSync("ed25519").privateKey;

/** A node as its daemon writes: its own chain, key and digest of the attempt's lines. */
class Writer {
  readonly node;
  readonly key = generateKeyPairSync("ed25519").privateKey;
  readonly digest = new EvidenceDigest();
  #head = EMPTY_HEAD;
  readonly #apply: (body: CoordinatorRecordBody) => void;

  constructor(node: typeof N1, apply: (body: CoordinatorRecordBody) => void) {
    this.node = node;
    this.#apply = apply;
  }
  write(body: NodeRecordBody, key: AttemptKey | null = KEY): this {
    const record = {
      v: 1,
      node: this.node,
      bootId: "b",
      at: AT,
      monoMs: 0,
      ...(key === null ? {} : { key }),
      body,
    };
    const { line, head } = linkRecord(this.#head, record);
    this.#head = head;
    if (key?.trial === TRIAL) this.digest.take(line, head.seq);
    this.#apply({ kind: "node-record", node: this.node, seq: head.seq, line });
    return this;
  }
  started(): this {
    return this.write(
      { kind: "node-started", version: "0", instance: "i", publicKey: publicPem(this.key) },
      null,
    );
  }
  seal(change: (text: string) => string = (text) => text, key = this.key): this {
    const devices: Device[] = [this.node === N1 ? "origin" : "target"];
    const facts = { study: STUDY, key: KEY, node: this.node, bootId: "b", devices, version: "0" };
    const payload = change(evidenceStatement({ ...facts, digest: this.digest.value() }));
    return this.write({ kind: "sealed", payload, keyid: keyIdOf(key), sig: signStatement(payload, key) });
  }
}

function bench() {
  const [state, book] = [new Projection({ keepRecords: "live" }), new SealBook()];
  let seq = 0;
  const apply = (body: unknown) => {
    seq += 1;
    const record = coordinatorRecordSchema.parse({
      v: 1,
      seq,
      prev: "0".repeat(64),
      at: AT,
      monoMs: 0,
      body,
    });
    state.apply(record);
    book.take(record, state);
  };
  apply({
    kind: "study-submitted",
    study: STUDY,
    file: "",
    definition: {
      study: "s",
      specimens: { tiny: { path: "x" } },
      brains: { b: { provider: "scripted", behaviour: "competent" } },
      scenarios: ["cross-device"],
    },
    specimens: { tiny: { name: "tiny", sha256: SHA } },
  });
  const [one, two] = [new Writer(N1, apply).started(), new Writer(N2, apply).started()];
  apply({ kind: "placed", study: STUDY, key: KEY, devices: { origin: N1, target: N2 } });
  one.write({ kind: "accepted", device: "origin", command: "c" });
  two.write({ kind: "accepted", device: "target", command: "c" });
  // Another attempt's record between does not belong to the evidence.
  two.write({ kind: "phase", phase: "run", ms: 1 }, { ...KEY, trial: trialIdSchema.parse("s-0000-002") });
  for (const [writer, device] of [
    [one, "origin"],
    [two, "target"],
  ] as const)
    writer.write({ kind: "cell-gone", device, cell: "c", proof: proofOf(true) });
  const complete = () => {
    const [study, trial, attempt] = [state.studies.get(STUDY), state.trials.get(TRIAL), state.attempt(KEY)];
    if (study === undefined || trial === undefined || attempt === undefined) throw new Error("no attempt");
    return completionOf(study, trial, attempt, {
      book,
      key: coordinator,
      version: "0",
      instrument: (_study, nodes) => ({ found: false, why: `no controls for ${nodes.join(" ")}` }),
    });
  };
  const sealed = () => {
    const body = complete().at(-1);
    if (body?.kind !== "attempt-sealed") throw new Error(`${body?.kind ?? "nothing"} in place of a seal`);
    return body;
  };
  return { state, book, apply, one, two, complete, sealed };
}

describe("attempt-sealed", () => {
  it("countersigns the very payloads that both nodes signed, and signs the verdicts", () => {
    const { one, two, sealed, apply, state, book } = bench();
    const payloads: string[] = [];
    const keep = (text: string) => (payloads.push(text), text);
    one.seal(keep).write({ kind: "device-closed", device: "origin" });
    two.seal(keep).write({ kind: "device-closed", device: "target" });
    const head = book.head();
    const body = sealed();
    expect(body).toMatchObject({
      kind: "attempt-sealed",
      key: KEY,
      keyid: keyIdOf(coordinator),
      problems: [],
    });
    expect(body.countersigned.map(({ node }) => node)).toEqual([N1, N2]);
    for (const [i, { sig }] of body.countersigned.entries())
      expect(isSignedBy(Buffer.from(payloads[i] ?? ""), sig, createPublicKey(coordinator))).toBe(true);
    const { payload, sig } = body.verdict;
    expect(isSignedBy(Buffer.from(payload), sig, createPublicKey(coordinator))).toBe(true);
    const statement = verdictStatementSchema.parse(JSON.parse(payload));
    expect(verdictTerms(statement)?.instrument).toEqual({ found: false, why: "no controls for n1 n2" });
    const { subject, predicate } = statement;
    expect(subject.map(({ name }) => name)).toEqual(["s-0000-001-1/n1.jsonl", "s-0000-001-1/n2.jsonl"]);
    expect(predicate.configuration).toContainEqual(
      expect.objectContaining({
        name: "journal.jsonl",
        digest: { sha256: head.sha256 },
        annotations: { seq: head.seq },
      }),
    );
    apply({ kind: "adjudicated", key: KEY, results: [] });
    apply(body);
    expect(state.attempt(KEY)?.sealed).toEqual({
      nodes: [N1, N2],
      keyid: keyIdOf(coordinator),
      problems: [],
    });
    // What belongs to an attempt that is over is not kept.
    expect(book.linesOf(KEY, N1)).toBeNull();
  });

  it("takes the newest seal, when a record slipped in before the first", () => {
    const { one, two, sealed } = bench();
    one.seal();
    two.seal((text) => text.replace('"records":2', '"records":1')).seal();
    expect(sealed().problems).toEqual([]);
  });

  it.each<[string, (two: Writer) => unknown, string]>([
    ["no seal", () => undefined, "n2: it did not seal its records"],
    [
      "a seal by another key",
      (two) => two.seal(undefined, generateKeyPairSync("ed25519").privateKey),
      "n2: sealed with another key than its daemon named",
    ],
    [
      "another count",
      (two) => two.seal((t) => t.replace('"records":2', '"records":3')),
      "n2: sealed 3 records 2 to 4, here are 2, 2 to 4",
    ],
    [
      "another digest",
      (two) => two.seal((t) => t.replace(/"digest":{"sha256":"[0-9a-f]+"/, `"digest":{"sha256":"${SHA}"`)),
      "n2: the records are not those that were sealed",
    ],
    [
      "another head",
      (two) =>
        two.seal((t) =>
          t.replace(/"head":{"seq":4,"sha256":"[0-9a-f]+"/, `"head":{"seq":4,"sha256":"${SHA}"`),
        ),
      "n2: the last record is not the one that was sealed",
    ],
    [
      "another attempt",
      (two) => two.seal((t) => t.replace('"attempt":1', '"attempt":2')),
      "n2: its seal is of another attempt",
    ],
    [
      "another boot",
      (two) => two.seal((t) => t.replace('"bootId":"b"', '"bootId":"c"')),
      "n2: its seal is of another boot than its records",
    ],
    [
      "a device of the other node",
      (two) => two.seal((t) => t.replace('["target"]', '["origin"]')),
      "n2: its seal names a device that is not its own",
    ],
    ["no statement", (two) => two.seal(() => "\ud800"), "n2: its seal is no evidence statement"],
    [
      "a record after the seal",
      (two) => two.seal().write({ kind: "phase", phase: "teardown", ms: 1 }),
      "n2: it recorded 1 more after its seal",
    ],
    [
      "a daemon that named no key",
      (two) => two.write({ kind: "node-started", version: "0", instance: "j" }, null).seal(),
      "n2: its daemon named no key when it started",
    ],
  ])("names %s and does not countersign it", (_name, act, problem) => {
    const { one, two, sealed } = bench();
    one.seal();
    act(two);
    const body = sealed();
    expect(body.problems).toEqual([problem]);
    expect(body.countersigned.map(({ node }) => node)).toEqual([N1]);
  });

  it("is not made for a verdict that does not count", () => {
    const { one, two, complete } = bench();
    two.write({ kind: "cell-gone", device: "target", cell: "c", proof: proofOf(false) });
    one.seal();
    two.seal();
    expect(complete().map(({ kind }) => kind)).toEqual(["adjudicated", "invalid"]);
  });

  it("keeps nothing of nodes that have no part in an attempt", () => {
    const { apply, book } = bench();
    new Writer(nodeIdSchema.parse("n3"), apply).write({ kind: "phase", phase: "run", ms: 1 });
    expect(book.linesOf(KEY, nodeIdSchema.parse("n3"))).toBeNull();
    expect(book.linesOf(KEY, N2)?.digest.records).toBe(2);
  });
});
