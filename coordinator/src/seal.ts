import type { KeyObject } from "node:crypto";
import {
  coordinatorRecordBodySchema,
  keyIdOf,
  nodeRole,
  nodesInOrder,
  publicHalf,
  recordsName,
  signStatement,
  verdictStatement,
  type Adjudication,
  type AttemptView,
  type CoordinatorRecordBody,
  type Instrument,
  type NodeId,
  type StudyView,
  type TrialView,
} from "@redline/shared";
import type { SealBook } from "./seal-book.ts";
import { checkSeal } from "./seal-check.ts";

/** What seals are made with. */
export interface SealPorts {
  readonly book: SealBook;
  /** The coordinator's key, which signs commands as well. */
  readonly key: KeyObject;
  /** Of the coordinator. */
  readonly version: string;
  /** How the instrument was measured on these nodes before. */
  readonly instrument: (study: StudyView, nodes: readonly NodeId[]) => Instrument;
}

/**
 * `attempt-sealed` for a completed attempt whose verdicts count: each node's seal, checked and countersigned, and the signed
 * statement of the verdicts. A seal that is missing or wrong is named and not countersigned. Null where there is no record to be
 * about, and where the statement is longer than a journal's record may be.
 */
export function sealOf(
  study: StudyView,
  trial: TrialView,
  attempt: AttemptView,
  results: readonly Adjudication[],
  { book, key: privateKey, version, instrument }: SealPorts,
): CoordinatorRecordBody | null {
  const key = { trial: trial.trial, attempt: attempt.attempt, epoch: attempt.epoch };
  const nodes = nodesInOrder(attempt.devices);
  const problems: string[] = [];
  const countersigned: { node: NodeId; sig: string }[] = [];
  const subjects = nodes.flatMap((node) => {
    const seal = checkSeal(book, node, { study: study.id, key, devices: attempt.devices });
    if (seal.ok) countersigned.push({ node, sig: signStatement(seal.payload, privateKey) });
    else problems.push(`${node}: ${seal.why}`.slice(0, 300));
    // A statement must be about something, and without a seal it is about what came here.
    const sha256 = seal.ok ? seal.sha256 : book.linesOf(key, node)?.digest.sha256;
    return sha256 === undefined ? [] : [{ name: recordsName(key, node), digest: { sha256 } }];
  });
  if (subjects.length === 0) return null;
  const signers = [
    { role: "coordinator" as const, publicKey: publicHalf(privateKey) },
    ...nodes.flatMap((node) => {
      const publicKey = book.keyOf(node);
      return publicKey === null ? [] : [{ role: nodeRole(node), publicKey }];
    }),
  ];
  const ids = signers.map(({ publicKey }) => keyIdOf(publicKey));
  if (new Set(ids).size !== ids.length)
    problems.push("two of its signers hold the same key: was a state folder copied?");
  const payload = verdictStatement({
    study: study.id,
    key,
    devices: attempt.devices,
    subjects,
    profiles: study.definition.profiles,
    results,
    signers,
    head: book.head(),
    instrument: instrument(study, nodes),
    version,
  });
  const parsed = coordinatorRecordBodySchema.safeParse({
    kind: "attempt-sealed",
    key,
    countersigned,
    verdict: { payload, sig: signStatement(payload, privateKey) },
    keyid: keyIdOf(privateKey),
    problems,
  });
  return parsed.success ? parsed.data : null;
}
