import type { NodeId } from "../ids.ts";
import type { NodeRecord } from "../journal/node-record.ts";
import type { RunEnd } from "../trials/run-end.ts";
import { sameCopy, type CopyRef } from "./copy.ts";
import type { Moment, Observation, ObservationBody } from "./observation.ts";
import type { Probe } from "./probe.ts";

/** Everything the nodes recorded of one attempt, in the order each node wrote it. */
export interface Evidence {
  readonly observations: readonly Observation[];
  readonly runEnd: RunEnd | null;
}

/** What concerns one generation of copies; what is known of originals before it concerns it too. */
export function ofGeneration(evidence: Evidence, generation: number): Evidence {
  const ofOriginal: readonly ObservationBody["kind"][] = ["claimed", "original", "calibration"];
  return {
    ...evidence,
    observations: evidence.observations.filter(
      (o) => o.generation === generation || (o.generation < generation && ofOriginal.includes(o.body.kind)),
    ),
  };
}

/** Picks one attempt's evidence out of node records; records of other attempts are ignored. */
export function evidenceOf(records: Iterable<NodeRecord>, trial: string, attempt: number): Evidence {
  const observations: Observation[] = [];
  let runEnd: RunEnd | null = null;
  for (const record of records) {
    if (record.key?.trial !== trial || record.key.attempt !== attempt) continue;
    if (record.body.kind === "observation")
      observations.push({
        node: record.node,
        seq: record.seq,
        at: record.at,
        device: record.body.device,
        generation: record.body.generation ?? 1,
        body: record.body.body,
      });
    if (record.body.kind === "run-ended") runEnd = record.body.end;
  }
  return { observations, runEnd };
}

/** A record by its place in the evidence. */
export interface RecordRef {
  readonly node: NodeId;
  readonly seq: number;
}

export interface Found<K extends ObservationBody["kind"]> extends RecordRef {
  readonly at: string;
  readonly body: Extract<ObservationBody, { kind: K }>;
}

/** Observations of one kind from the daemons of either device. */
export function recorded<K extends ObservationBody["kind"]>(
  evidence: Evidence,
  kind: K,
  device?: Observation["device"],
): Found<K>[] {
  return evidence.observations.flatMap((o) =>
    (device === undefined || o.device === device) && isKind(o.body, kind)
      ? [{ node: o.node, seq: o.seq, at: o.at, body: o.body }]
      : [],
  );
}

/** Observations of one kind from the target's own daemon. */
export const fromTarget = <K extends ObservationBody["kind"]>(evidence: Evidence, kind: K): Found<K>[] =>
  recorded(evidence, kind, "target");

/** Observations of one kind from the origin's daemon. */
export const fromOrigin = <K extends ObservationBody["kind"]>(evidence: Evidence, kind: K): Found<K>[] =>
  recorded(evidence, kind, "origin");

/**
 * What the copy would have to be a copy of: for the first generation by the origin's daemon, for a later one, where it was
 * told, the copy that was asked, by the daemon of its device.
 */
export function originalOf(evidence: Evidence): Found<"original"> | undefined {
  const known = evidence.observations.filter((o) => o.device === "origin" || o.generation > 1);
  const newest = known.toSorted((a, b) => b.generation - a.generation);
  return recorded({ ...evidence, observations: newest }, "original").at(0);
}

function isKind<K extends ObservationBody["kind"]>(
  body: ObservationBody,
  kind: K,
): body is Extract<ObservationBody, { kind: K }> {
  return body.kind === kind;
}

/**
 * All questions of one moment, over as many records as they took; null when none were put. With a copy: without those that
 * were put for another one alone.
 */
export function probesAt(
  evidence: Evidence,
  moment: Moment,
  copy?: CopyRef,
): { readonly probes: readonly Probe[]; readonly records: readonly Found<"probes">[] } | null {
  const records = fromTarget(evidence, "probes").filter(
    ({ body }) =>
      body.moment === moment && (copy === undefined || body.copy === undefined || sameCopy(body.copy, copy)),
  );
  return records.length === 0 ? null : { records, probes: records.flatMap((r) => r.body.probes) };
}

/** Why a test that belongs to a claim did not run, or not fully, in the words of the daemon that should have done it. */
export function untestedBecause(evidence: Evidence, claim: string): Found<"untested">[] {
  return recorded(evidence, "untested").filter((u) => u.body.claim === claim);
}

export const refOf = (found: RecordRef) => ({ node: found.node, seq: found.seq });
