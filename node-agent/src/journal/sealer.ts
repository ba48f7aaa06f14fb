import type { KeyObject } from "node:crypto";
import {
  EvidenceDigest,
  evidenceStatement,
  keyIdOf,
  publicPem,
  signStatement,
  type AttemptKey,
  type Device,
  type NodeId,
  type NodeRecord,
  type StudyId,
} from "@redline/shared";
import type { NodeLog } from "./node-log.ts";
import { attemptName } from "./unfinished.ts";

export interface SealerOptions {
  readonly node: NodeId;
  readonly bootId: string;
  /** Of this daemon. */
  readonly version: string;
  readonly key: KeyObject;
}

/** Signs what this node recorded of an attempt. */
export interface Sealer {
  /** For `node-started`. */
  readonly publicKey: string;
  /** Takes each record of this node's chain as it takes its place there: what is durable later is so in that order. */
  take(line: string, record: NodeRecord): void;
  /**
   * Writes `sealed` over all records of the attempt so far, durable or not: it has its place when this returns, and is on disk when it
   * resolves. To be called before the `device-closed` after which this node writes nothing more of the attempt. Called again, it seals
   * again: the last one counts. Writes nothing for an attempt that was not accepted by this daemon.
   */
  seal(study: StudyId, key: AttemptKey, log: Pick<NodeLog, "write">): Promise<void>;
}

interface Live {
  readonly digest: EvidenceDigest;
  /** Devices that its records speak of, and those that were accepted and not closed. */
  readonly devices: Set<Device>;
  readonly open: Set<Device>;
}

/** Memory: the state of one hash for each attempt that is accepted and not closed, whatever it records. */
export function createSealer({ node, bootId, version, key: privateKey }: SealerOptions): Sealer {
  const live = new Map<string, Live>();
  const keyid = keyIdOf(privateKey);

  return {
    publicKey: publicPem(privateKey),

    take(line, { key, seq, body }) {
      if (key === undefined) return;
      const name = attemptName(key);
      let attempt = live.get(name);
      if (attempt === undefined) {
        // What a predecessor left unfinished is invalid and gets no seal.
        if (body.kind !== "accepted") return;
        attempt = { digest: new EvidenceDigest(), devices: new Set(), open: new Set() };
        live.set(name, attempt);
      }
      if (body.kind === "accepted") attempt.open.add(body.device);
      if ("device" in body) attempt.devices.add(body.device);
      attempt.digest.take(line, seq);
      if (body.kind !== "device-closed") return;
      attempt.open.delete(body.device);
      if (attempt.open.size === 0) live.delete(name);
    },

    async seal(study, key, log) {
      const attempt = live.get(attemptName(key));
      if (attempt === undefined || attempt.digest.records === 0) return;
      const digest = attempt.digest.value();
      const devices = [...attempt.devices];
      const payload = evidenceStatement({ study, key, node, bootId, devices, version, digest });
      const sig = signStatement(payload, privateKey);
      // In the same turn as the digest was taken: nothing can slip in between.
      await log.write({ kind: "sealed", payload, keyid, sig }, key);
    },
  };
}
