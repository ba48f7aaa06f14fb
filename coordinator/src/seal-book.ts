import { createHash, type KeyObject } from "node:crypto";
import {
  EvidenceDigest,
  isOfAttempt,
  nodesInOrder,
  parseNodeLine,
  readPublicPem,
  readRecordHead,
  type AttemptKey,
  type AttemptView,
  type CoordinatorRecord,
  type Device,
  type EvidenceDigestValue,
  type NodeId,
  type NodeRecordBody,
  type Projection,
} from "@redline/shared";

type Seal = Extract<NodeRecordBody, { kind: "sealed" }>;

/** What the journal holds of one node's records of an attempt. */
export interface NodeLines {
  /** Of all of them. */
  readonly digest: EvidenceDigestValue;
  readonly bootIds: ReadonlySet<string>;
  /** Devices that they speak of. */
  readonly devices: ReadonlySet<Device>;
  /** The node's newest seal, and the digest of the records before it. */
  readonly seal: { readonly said: Seal; readonly before: EvidenceDigestValue } | null;
  /** Records after the newest seal that are more than `device-closed`. */
  readonly afterSeal: number;
}

interface Kept {
  readonly digest: EvidenceDigest;
  readonly bootIds: Set<string>;
  readonly devices: Set<Device>;
  seal: NodeLines["seal"];
  afterSeal: number;
}

/**
 * Keeps what seals are checked against: for each attempt that has not ended, a running digest of each node's lines, byte for byte
 * as the journal has them; each node's newest key; and the journal's newest record. Fed with every applied record, in their
 * order, from the journal's first.
 */
export class SealBook {
  readonly #attempts = new Map<string, Map<NodeId, Kept>>();
  readonly #keys = new Map<NodeId, KeyObject>();
  #last: CoordinatorRecord | null = null;

  /** Takes the next record of the journal; `state` has it applied. */
  take(record: CoordinatorRecord, state: Projection): void {
    this.#last = record;
    const { body } = record;
    if (body.kind === "node-record") this.#takeLine(body.node, body.line, state);
    // An earlier attempt of a trial can end after the next one began, and a trial without any attempt of its own.
    if (body.kind === "adjudicated" || body.kind === "invalid") this.#attempts.delete(nameOf(body.key));
    if (body.kind === "cancelled")
      for (const { attempt } of state.trials.get(body.trial)?.attempts ?? [])
        this.#attempts.delete(nameOf({ trial: body.trial, attempt }));
  }

  /** The newest record's number and the sha256 of its line. */
  head(): { seq: number; sha256: string } {
    // A record's line is its JSON text: so it was written.
    const line = JSON.stringify(this.#last);
    return { seq: this.#last?.seq ?? 0, sha256: createHash("sha256").update(line).digest("hex") };
  }

  /** The key that a node named when its daemon last started. */
  keyOf(node: NodeId): KeyObject | null {
    return this.#keys.get(node) ?? null;
  }

  /** Null for a node without a record of the attempt, and for an attempt that is over. */
  linesOf(key: Pick<AttemptKey, "trial" | "attempt">, node: NodeId): NodeLines | null {
    const kept = this.#attempts.get(nameOf(key))?.get(node);
    return kept === undefined ? null : { ...kept, digest: kept.digest.value() };
  }

  #takeLine(node: NodeId, line: string, state: Projection): void {
    const head = readRecordHead(line);
    if (head?.node !== node) return;
    if (head.body.kind === "node-started") this.#takeKey(node, line);
    if (head.key === undefined) return;
    const attempt = state.attempt(head.key);
    // Any enrolled node could name any attempt.
    if (attempt === undefined || !isLive(attempt) || !nodesInOrder(attempt.devices).includes(node)) return;
    const kept = this.#keptOf(head.key, node);
    if (head.body.kind === "sealed") takeSeal(kept, line, head.key);
    else if (head.body.kind !== "device-closed") kept.afterSeal += 1;
    kept.digest.take(line, head.seq);
    kept.bootIds.add(head.bootId);
    if (head.body.device !== undefined) kept.devices.add(head.body.device);
  }

  #takeKey(node: NodeId, line: string): void {
    const parsed = parseNodeLine(line);
    const body = parsed.ok ? parsed.record.body : null;
    const key = body?.kind === "node-started" ? readPublicPem(body.publicKey ?? "") : null;
    if (key === null) this.#keys.delete(node);
    else this.#keys.set(node, key);
  }

  #keptOf(key: AttemptKey, node: NodeId): Kept {
    const nodes = this.#attempts.get(nameOf(key)) ?? new Map<NodeId, Kept>();
    this.#attempts.set(nameOf(key), nodes);
    const kept = nodes.get(node) ?? {
      digest: new EvidenceDigest(),
      bootIds: new Set<string>(),
      devices: new Set<Device>(),
      seal: null,
      afterSeal: 0,
    };
    nodes.set(node, kept);
    return kept;
  }
}

const isLive = (attempt: AttemptView) => attempt.endedAt === null;
const nameOf = ({ trial, attempt }: Pick<AttemptKey, "trial" | "attempt">) => `${trial}.${attempt}`;

/** A seal of a shape that is not known is none. */
function takeSeal(kept: Kept, line: string, key: AttemptKey): void {
  const parsed = parseNodeLine(line);
  if (!parsed.ok || !isOfAttempt(parsed.record.key, key) || parsed.record.body.kind !== "sealed") return;
  kept.seal = { said: parsed.record.body, before: kept.digest.value() };
  kept.afterSeal = 0;
}
