import type { Adjudication } from "../claims/claim.ts";
import type { Evidence } from "../evidence/evidence.ts";
import { objectDigest } from "../journal/kept-object.ts";
import { objectsOf } from "../journal/named-objects.ts";
import type { NodeRecord } from "../journal/node-record.ts";
import { readBundle, type Bundle, type BundleFormFault } from "./bundle.ts";
import { nodesInOrder } from "./device-order.ts";
import { openEnvelope, type Envelope } from "./dsse.ts";
import { evidenceStatementSchema, type EvidenceStatement } from "./evidence-statement.ts";
import { keyIdOf, readPublicPem, type NamedKey } from "./public-key.ts";
import { evidenceIn, notCompleted, readjudicate } from "./readjudicate.ts";
import { parseBytes, recordsName } from "./statement.ts";
import { nodeRole, verdictStatementSchema } from "./verdict-statement.ts";
import { verdictTerms, type VerdictTerms } from "./verdict-terms.ts";
import { verifyRecords, type RecordsFault } from "./verify-records.ts";

/** What kind of thing does not hold. `docs/bundle.md` says what each means. */
export type BundleFault =
  | BundleFormFault
  | RecordsFault
  | "object"
  | "key"
  | "signature"
  | "statement"
  | "attempt"
  | "profile"
  | "verdict";

/** What a bundle holds, all of it checked. Whether its coordinator is one that you trust is not known yet. */
export interface VerifiedBundle {
  readonly coordinatorKeyId: string;
  readonly terms: VerdictTerms;
  /** Of each node, the origin's first. */
  readonly nodes: readonly {
    readonly name: string;
    readonly keyId: string;
    readonly statement: EvidenceStatement;
  }[];
  readonly evidence: Evidence;
  /** Verdicts made anew from the evidence; they are those that the coordinator sealed. */
  readonly results: readonly Adjudication[];
  /** Objects that it carries, and those that its records name. */
  readonly objects: { readonly there: number; readonly named: number };
}
export type VerifiedBundleResult =
  | { readonly ok: true; readonly bundle: VerifiedBundle }
  | { readonly ok: false; readonly word: BundleFault; readonly why: string };

class Refused extends Error {
  readonly word: BundleFault;
  constructor(word: BundleFault, why: string) {
    super(why);
    this.word = word;
  }
}

/** Verifies a bundle from its bytes and nothing else: form, keys, signatures, statements, records and verdicts. */
export function verifyBundle(bytes: Uint8Array): VerifiedBundleResult {
  const read = readBundle(bytes);
  if (!read.ok) return read;
  try {
    return { ok: true, bundle: verify(read.bundle) };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, word: error.word, why: error.message };
    throw error;
  }
}

function verify(bundle: Bundle): VerifiedBundle {
  const keys = readKeys(bundle);
  const coordinator = need(keys.get("coordinator"), "key", "there is no key of a coordinator");
  const sealed = open(bundle.verdict, [coordinator], "the verdict");
  const verdict = need(
    parseBytes(sealed, verdictStatementSchema),
    "statement",
    "the verdict's statement is of another shape",
  );
  const terms = need(verdictTerms(verdict), "statement", "the verdict's configuration is of another shape");
  checkRoles(bundle, terms);

  const { attempt } = terms;
  const order = nodesInOrder(attempt.devices);
  const files = order.map((node) => recordsName(attempt, node));
  if (Object.keys(bundle.records).join("\n") !== files.join("\n"))
    throw new Refused("attempt", "the records are not those of the attempt's nodes");
  if (
    verdict.subject.map(({ name }) => name).join("\n") !== files.join("\n") ||
    bundle.evidence.length !== files.length
  )
    throw new Refused("statement", "the verdict is about other records");

  const records: NodeRecord[] = [];
  const nodes = order.map((node, i) => {
    const name = recordsName(attempt, node);
    const key = need(keys.get(nodeRole(node)), "key", `there is no key of node ${node}`);
    const envelope = need(bundle.evidence[i], "statement", `there is no evidence of ${node}`);
    const payload = open(envelope, [key, coordinator], `the evidence of ${node}`);
    const statement = need(
      parseBytes(payload, evidenceStatementSchema),
      "statement",
      `the statement of ${node} is of another shape`,
    );
    const [subject] = statement.subject;
    const { study, trial, attempt: number, epoch, node: signer } = statement.predicate;
    if (
      JSON.stringify([study, trial, number, epoch, signer, subject.name]) !==
      JSON.stringify([attempt.study, attempt.trial, attempt.attempt, attempt.epoch, node, name])
    )
      throw new Refused("attempt", `the evidence of ${node} is of another attempt`);
    if (verdict.subject[i]?.digest.sha256 !== subject.digest.sha256)
      throw new Refused("digest", `the verdict is about other records of ${node}`);
    const checked = verifyRecords(bundle.records[name] ?? "", statement);
    if (!checked.ok) throw new Refused(checked.word, `${node}: ${checked.why}`);
    records.push(...checked.records);
    return { name, keyId: key.keyid, statement };
  });

  const objects = checkObjects(bundle, records);
  const incomplete = notCompleted(records, attempt.devices);
  if (incomplete !== null) throw new Refused("attempt", incomplete);
  const evidence = evidenceIn(records, attempt.devices, attempt.trial, attempt.attempt);
  const anew = readjudicate(evidence, verdict, terms);
  if (!anew.ok) throw new Refused(anew.word, anew.why);
  return { coordinatorKeyId: coordinator.keyid, terms, nodes, evidence, results: anew.results, objects };
}

/** Each object is what its name says, and a record names it. Which of those that records name are there decides nothing. */
function checkObjects({ objects = {} }: Bundle, records: readonly NodeRecord[]): VerifiedBundle["objects"] {
  const named = new Set(records.flatMap(objectsOf).map(({ sha256 }) => sha256));
  const names = Object.keys(objects);
  if (names.join() !== names.toSorted().join())
    throw new Refused("object", "the objects are not in their order");
  for (const [sha256, base64] of Object.entries(objects)) {
    if (!named.has(sha256)) throw new Refused("object", `no record names the object ${sha256}`);
    const bytes = Buffer.from(base64, "base64");
    if (bytes.toString("base64") !== base64 || objectDigest(bytes) !== sha256)
      throw new Refused("object", `the object ${sha256} is not what its name says`);
  }
  return { there: names.length, named: named.size };
}

/** Keys by role. Each stands once, under its own id, for one role. */
function readKeys({ keys }: Bundle): Map<string, NamedKey> {
  const byRole = new Map<string, NamedKey>();
  for (const { keyid, role, pem } of keys) {
    const key = need(readPublicPem(pem), "key", `the key of ${role} is no plain Ed25519 key`);
    if (keyIdOf(key) !== keyid)
      throw new Refused("key", `the key of ${role} is not the one that its id names`);
    byRole.set(role, { keyid, key });
  }
  if (byRole.size !== keys.length || new Set(keys.map(({ keyid }) => keyid)).size !== keys.length)
    throw new Refused("key", "two roles share a key, or two keys a role");
  return byRole;
}

/** The coordinator vouches for each key by its role; none is missing and none is more. */
function checkRoles({ keys }: Bundle, { keyIds, attempt }: VerdictTerms): void {
  const roles = ["coordinator", ...nodesInOrder(attempt.devices).map(nodeRole)];
  const given = keys.map(({ role, keyid }) => `${role} ${keyid}`).join("\n");
  const vouched = roles.map((role) => `${role} ${keyIds.get(role) ?? ""}`).join("\n");
  if (given !== vouched || keyIds.size !== roles.length)
    throw new Refused("key", "the keys are not those that the coordinator's statement names");
}

function open(envelope: Envelope, keys: readonly NamedKey[], what: string): Buffer {
  return need(openEnvelope(envelope, keys), "signature", `${what} is not signed by the keys that it needs`);
}

function need<T>(value: T | null | undefined, word: BundleFault, why: string): T {
  if (value === null || value === undefined) throw new Refused(word, why);
  return value;
}
