import {
  digestDiffers,
  evidenceStatementSchema,
  isSignedBy,
  keyIdOf,
  parseBytes,
  recordsName,
  type AttemptKey,
  type Device,
  type NodeId,
  type StudyId,
} from "@redline/shared";
import type { SealBook } from "./seal-book.ts";

/** What a seal must be about. */
export interface Sealed {
  readonly study: StudyId;
  readonly key: AttemptKey;
  readonly devices: Readonly<Record<Device, NodeId>>;
}

export type CheckedSeal =
  /** `payload`: the statement that the node signed. */
  | { readonly ok: true; readonly payload: string; readonly sha256: string }
  | { readonly ok: false; readonly why: string };

const bad = (why: string): CheckedSeal => ({ ok: false, why });

/** Checks a node's newest seal of an attempt against its key and against its lines as they came here. */
export function checkSeal(book: SealBook, node: NodeId, { study, key, devices }: Sealed): CheckedSeal {
  const lines = book.linesOf(key, node);
  const publicKey = book.keyOf(node);
  if (lines === null) return bad("no record of it");
  if (publicKey === null) return bad("its daemon named no key when it started");
  if (lines.seal === null) return bad("it did not seal its records");
  const { said, before } = lines.seal;
  const bytes = Buffer.from(said.payload);
  if (said.keyid !== keyIdOf(publicKey)) return bad("sealed with another key than its daemon named");
  if (!isSignedBy(bytes, said.sig, publicKey)) return bad("the signature of its seal does not verify");
  const statement = parseBytes(bytes, evidenceStatementSchema);
  if (statement === null) return bad("its seal is no evidence statement");
  const { predicate, subject } = statement;
  const about = [predicate.study, predicate.trial, predicate.attempt, predicate.epoch, predicate.node];
  if (JSON.stringify(about) !== JSON.stringify([study, key.trial, key.attempt, key.epoch, node]))
    return bad("its seal is of another attempt");
  if (subject[0].name !== recordsName(key, node)) return bad("its seal names another file");
  if (predicate.devices.some((device) => devices[device] !== node))
    return bad("its seal names a device that is not its own");
  if (predicate.devices.toSorted().join() !== [...lines.devices].toSorted().join())
    return bad("its seal is of other devices than its records");
  if (lines.bootIds.size !== 1 || !lines.bootIds.has(predicate.bootId))
    return bad("its seal is of another boot than its records");
  const differs = digestDiffers(statement, before);
  if (differs !== null) return bad(differs);
  if (lines.afterSeal > 0) return bad(`it recorded ${lines.afterSeal} more after its seal`);
  return { ok: true, payload: said.payload, sha256: subject[0].digest.sha256 };
}
