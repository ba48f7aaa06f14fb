import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { adjudicate } from "../claims/adjudicate.ts";
import type { Profile } from "../claims/profile.ts";
import { attemptKeySchema, nodeIdSchema, studyIdSchema, type Device } from "../ids.ts";
import { EMPTY_HEAD, linkRecord } from "../journal/chain.ts";
import { nodeRecordSchema, type NodeRecordBody } from "../journal/node-record.ts";
import { BUNDLE_MEDIA_TYPE, type Bundle } from "./bundle.ts";
import { sealEnvelope, signStatement } from "./dsse.ts";
import { EvidenceDigest } from "./evidence-digest.ts";
import { evidenceStatement } from "./evidence-statement.ts";
import { keyIdOf, publicPem } from "./public-key.ts";
import { evidenceIn } from "./readjudicate.ts";
import { recordsName, type Subject } from "./statement.ts";
import { nodeRole, verdictStatement } from "./verdict-statement.ts";

/** PKCS#8 of an Ed25519 key is this and 32 bytes. */
const PKCS8_HEAD = "302e020100300506032b657004220420";

/** A key for tests, the same for the same number. */
export function testKey(n: number): KeyObject {
  const der = Buffer.from(`${PKCS8_HEAD}${n.toString(16).padStart(64, "0")}`, "hex");
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
}

export const STUDY = studyIdSchema.parse("s-0000");
const CLEAN = {
  clean: true,
  processes: 0,
  namespaces: 0,
  interfaces: 0,
  mounts: 0,
  listeners: 0,
  tookMs: 1,
  left: [],
};
const SNAPSHOT = { bootId: "b", takenAt: "", tookMs: 1, processes: [], listeners: [], unstable: 0, cut: 0 };
const observed = (body: Extract<NodeRecordBody, { kind: "observation" }>["body"]): NodeRecordBody => ({
  kind: "observation",
  device: "target",
  body,
});
const gone = (device: Device): NodeRecordBody => ({ kind: "cell-gone", device, cell: "c", proof: CLEAN });
const ENDED: NodeRecordBody = { kind: "attempt-ended", outcome: "completed", detail: "" };

/** What both nodes of a trial record when nothing comes up. */
export const TWO_NODES: Readonly<Record<string, readonly NodeRecordBody[]>> = {
  n1: [
    { kind: "accepted", device: "origin", command: "c" },
    {
      kind: "run-ended",
      end: "finished",
      detail: 'said \u00e9 \ufffd \u202e \u009b "quoted"',
      turns: 1,
      tokens: 1,
    },
    gone("origin"),
    ENDED,
  ],
  n2: [
    { kind: "accepted", device: "target", command: "c" },
    observed({ kind: "baseline", snapshot: SNAPSHOT, original: [] }),
    observed({ kind: "snapshot", moment: "after-run", snapshot: SNAPSHOT }),
    gone("target"),
  ],
};
/** The least that an attempt can record. */
export const ONE_NODE: typeof TWO_NODES = {
  n1: [{ kind: "accepted", device: "origin", command: "c" }, gone("origin"), ENDED],
};

export interface FixtureOptions {
  readonly trial?: string;
  readonly bodies?: typeof TWO_NODES;
  readonly profiles?: readonly Profile[];
  readonly coordinator?: KeyObject;
  /** Changes the lines of a node before they are sealed. */
  readonly lines?: (lines: string[], node: string) => string[];
  /** Changes the statements before they are signed. */
  readonly evidenceText?: (text: string) => string;
  readonly verdictText?: (text: string) => string;
}

/** Makes a bundle as nodes and the coordinator make it together. */
export function fixtureBundle(options: FixtureOptions = {}): Bundle {
  const same = (text: string) => text;
  const { bodies = TWO_NODES, profiles = ["pan2024", "strict"], coordinator = testKey(1) } = options;
  const { lines: change = (lines: string[]) => lines, evidenceText = same, verdictText = same } = options;
  const key = attemptKeySchema.parse({ trial: options.trial ?? "s-0000-001", attempt: 1, epoch: 1 });
  const names = Object.keys(bodies).map((node) => nodeIdSchema.parse(node));
  const [origin = nodeIdSchema.parse("n1"), target = origin] = names;
  const keys = names.map((_, i) => testKey(10 + i));
  const texts: [string, string][] = [];
  const subjects: Subject[] = [];
  const evidence = names.map((node, i) => {
    let head = { ...EMPTY_HEAD, seq: 4, hash: "4".repeat(64) };
    const own = (bodies[node] ?? []).map((body) => {
      const at = "2026-01-01T00:00:00.000Z";
      const linked = linkRecord(head, { v: 1, node, bootId: `boot-${node}`, at, monoMs: 1, key, body });
      head = linked.head;
      return linked.line;
    });
    const lines = change(own, node);
    const digest = new EvidenceDigest();
    for (const line of lines) digest.take(line, nodeRecordSchema.parse(JSON.parse(line)).seq);
    const name = recordsName(key, node);
    texts.push([name, lines.map((line) => `${line}\n`).join("")]);
    const devices: Device[] = [
      ...(node === origin ? ["origin" as const] : []),
      ...(node === target ? ["target" as const] : []),
    ];
    const value = digest.value();
    subjects.push({ name, digest: { sha256: value.sha256 } });
    const facts = { study: STUDY, key, node, bootId: `boot-${node}`, devices, version: "0", digest: value };
    const text = evidenceText(evidenceStatement(facts));
    return sealEnvelope(
      text,
      [keys[i] ?? coordinator, coordinator].map((k) => ({ keyid: keyIdOf(k), sig: signStatement(text, k) })),
    );
  });
  const records = texts.flatMap(([, text]) =>
    text
      .trimEnd()
      .split("\n")
      .map((line) => nodeRecordSchema.parse(JSON.parse(line))),
  );
  const found = evidenceIn(records, { origin, target }, key.trial, key.attempt);
  const signers = [
    { role: "coordinator" as const, publicKey: createPublicKey(coordinator) },
    ...names.map((node, i) => ({ role: nodeRole(node), publicKey: createPublicKey(keys[i] ?? coordinator) })),
  ];
  const text = verdictText(
    verdictStatement({
      study: STUDY,
      key,
      devices: { origin, target },
      subjects,
      profiles,
      results: profiles.map((profile) => adjudicate(found, profile)),
      signers,
      head: { seq: 9, sha256: "9".repeat(64) },
      instrument: { found: false, why: "no control study was over before it" },
      version: "0",
    }),
  );
  return {
    mediaType: BUNDLE_MEDIA_TYPE,
    records: Object.fromEntries(texts),
    evidence,
    verdict: sealEnvelope(text, [{ keyid: keyIdOf(coordinator), sig: signStatement(text, coordinator) }]),
    keys: signers.map(({ role, publicKey }) => ({
      keyid: keyIdOf(publicKey),
      role,
      pem: publicPem(publicKey),
    })),
  };
}
