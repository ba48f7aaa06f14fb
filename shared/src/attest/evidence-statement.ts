import { z } from "zod";
import {
  attemptNumberSchema,
  deviceSchema,
  epochSchema,
  nodeIdSchema,
  studyIdSchema,
  trialIdSchema,
  type AttemptKey,
  type Device,
  type NodeId,
  type StudyId,
} from "../ids.ts";
import type { EvidenceDigestValue } from "./evidence-digest.ts";
import { recordsName, sha256Schema, STATEMENT_TYPE, subjectSchema } from "./statement.ts";

/** Our own predicate: what a node recorded of one attempt. Its members are explained in `docs/bundle.md`. */
export const EVIDENCE_PREDICATE = "urn:redline:predicate:evidence:v1";

export const evidenceStatementSchema = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.tuple([subjectSchema]),
  predicateType: z.literal(EVIDENCE_PREDICATE),
  predicate: z.strictObject({
    study: studyIdSchema,
    trial: trialIdSchema,
    attempt: attemptNumberSchema,
    epoch: epochSchema,
    node: nodeIdSchema,
    bootId: z.string().max(100),
    /** Devices of the attempt that this node's records speak of. */
    devices: z.array(deviceSchema).min(1).max(2),
    /** Lines of the subject; numbers of the first and last in the node's chain. */
    records: z.int().min(1),
    firstSeq: z.int().min(1),
    lastSeq: z.int().min(1),
    /** The last line: its number, and its sha256 without the newline, which is the next record's `prev`. */
    head: z.strictObject({ seq: z.int().min(1), sha256: sha256Schema }),
    /** Of the node's daemon. */
    version: z.string().max(40),
  }),
});
export type EvidenceStatement = z.infer<typeof evidenceStatementSchema>;

export interface EvidenceFacts {
  readonly study: StudyId;
  readonly key: AttemptKey;
  readonly node: NodeId;
  readonly bootId: string;
  readonly devices: readonly Device[];
  readonly version: string;
  readonly digest: EvidenceDigestValue;
}

/** The statement that a node signs over its records of an attempt, as JSON text: exactly the signed bytes. */
export function evidenceStatement(facts: EvidenceFacts): string {
  const { study, key, node, bootId, version, digest } = facts;
  const statement: EvidenceStatement = {
    _type: STATEMENT_TYPE,
    subject: [{ name: recordsName(key, node), digest: { sha256: digest.sha256 } }],
    predicateType: EVIDENCE_PREDICATE,
    predicate: {
      study,
      trial: key.trial,
      attempt: key.attempt,
      epoch: key.epoch,
      node,
      bootId,
      devices: facts.devices.toSorted(),
      records: digest.records,
      firstSeq: digest.firstSeq,
      lastSeq: digest.lastSeq,
      head: { seq: digest.lastSeq, sha256: digest.lastHash },
      version,
    },
  };
  return JSON.stringify(statement);
}

/** What in a statement does not agree with a node's lines, in words; null where all does. */
export function digestDiffers(
  { subject: [subject], predicate }: EvidenceStatement,
  digest: EvidenceDigestValue,
): string | null {
  const said = [predicate.records, predicate.firstSeq, predicate.lastSeq].join();
  if (said !== [digest.records, digest.firstSeq, digest.lastSeq].join())
    return `sealed ${predicate.records} records ${predicate.firstSeq} to ${predicate.lastSeq}, here are ${digest.records}, ${digest.firstSeq} to ${digest.lastSeq}`;
  if (predicate.head.seq !== digest.lastSeq || predicate.head.sha256 !== digest.lastHash)
    return "the last record is not the one that was sealed";
  return subject.digest.sha256 === digest.sha256 ? null : "the records are not those that were sealed";
}
