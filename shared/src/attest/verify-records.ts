import { AttemptChainVerifier, type AttemptLink } from "../journal/attempt-chain.ts";
import { lineHash } from "../journal/chain.ts";
import { nodeRecordSchema, type NodeRecord } from "../journal/node-record.ts";
import { EvidenceDigest } from "./evidence-digest.ts";
import { digestDiffers, type EvidenceStatement } from "./evidence-statement.ts";
import { isOfAttempt, readRecordHead } from "./record-head.ts";

export type RecordsFault = "chain" | "attempt-chain" | "digest" | "record";
export type VerifiedRecords =
  | { readonly ok: true; readonly records: readonly NodeRecord[] }
  | { readonly ok: false; readonly word: RecordsFault; readonly why: string };

const refuse = (word: RecordsFault, why: string): VerifiedRecords => ({ ok: false, word, why });

/**
 * Checks a node's lines of an attempt against the statement that was sealed over them: order, links between neighbours of the
 * node's chain, the attempt's own chain from its first record on, digest, and each record's shape and owner.
 * @param text each line with its newline.
 */
export function verifyRecords(text: string, statement: EvidenceStatement): VerifiedRecords {
  if (!text.endsWith("\n")) return refuse("digest", "the last line is not whole");
  const lines = text.slice(0, -1).split("\n");
  const digest = new EvidenceDigest();
  const own = new AttemptChainVerifier();
  let before: { readonly seq: number; readonly line: string } | null = null;
  for (const [i, line] of lines.entries()) {
    const link = readLink(line);
    if (link === null) return refuse("record", `line ${i + 1} is no record`);
    if (before !== null && link.seq <= before.seq)
      return refuse("chain", `record ${link.seq} stands after ${before.seq}`);
    if (before !== null && link.seq === before.seq + 1 && link.prev !== lineHash(before.line))
      return refuse("chain", `record ${link.seq} does not link to the bytes of the one before`);
    const broken = own.take(line, link.chain);
    if (broken !== null) return refuse("attempt-chain", `record ${link.seq} ${broken}`);
    digest.take(line, link.seq);
    before = { seq: link.seq, line };
  }
  const differs = digestDiffers(statement, digest.value());
  if (differs !== null) return refuse("digest", differs);
  const records: NodeRecord[] = [];
  for (const line of lines) {
    const parsed = nodeRecordSchema.safeParse(JSON.parse(line));
    if (!parsed.success)
      return refuse("record", `line ${records.length + 1} is no record that this version knows`);
    const strange = strangeTo(parsed.data, statement);
    if (strange !== null) return refuse("record", `record ${parsed.data.seq} ${strange}`);
    records.push(parsed.data);
  }
  return { ok: true, records };
}

function readLink(line: string): { seq: number; prev: string; chain: AttemptLink | undefined } | null {
  const head = readRecordHead(line);
  if (head === null) return null;
  const record: unknown = JSON.parse(line);
  return typeof record === "object" && record !== null && "prev" in record && typeof record.prev === "string"
    ? { seq: head.seq, prev: record.prev, chain: head.chain }
    : null;
}

/** Why a record does not belong to the statement's node and attempt; null where it does. */
function strangeTo(record: NodeRecord, { predicate }: EvidenceStatement): string | null {
  if (record.node !== predicate.node) return `is of node ${record.node}`;
  if (!isOfAttempt(record.key, predicate)) return "is of another attempt";
  if (record.bootId !== predicate.bootId) return "is of another boot of the node";
  const { body } = record;
  return "device" in body && !predicate.devices.includes(body.device)
    ? `speaks of the ${body.device}, which the seal does not name`
    : null;
}
