import type { NodeId } from "../ids.ts";
import type { NodeRecord } from "../journal/node-record.ts";
import type { RunEnd } from "../trials/run-end.ts";
import type { Moment, Observation, ObservationBody } from "./observation.ts";
import type { Probe } from "./probe.ts";

/** Everything the nodes recorded of one attempt, in the order each node wrote it. */
export interface Evidence {
  readonly observations: readonly Observation[];
  readonly runEnd: RunEnd | null;
}

/** What concerns one generation of copies; what is known of the original concerns every one. */
export function ofGeneration(evidence: Evidence, generation: number): Evidence {
  const ofOriginal: readonly ObservationBody["kind"][] = ["claimed", "original", "calibration"];
  return {
    ...evidence,
    observations: evidence.observations.filter(
      (o) => o.generation === generation || ofOriginal.includes(o.body.kind),
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

export interface Found<K extends ObservationBody["kind"]> {
  readonly node: NodeId;
  readonly seq: number;
  readonly at: string;
  readonly body: Extract<ObservationBody, { kind: K }>;
}

/** Observations of one kind from the target's own daemon. */
export function fromTarget<K extends ObservationBody["kind"]>(evidence: Evidence, kind: K): Found<K>[] {
  return evidence.observations.flatMap((o) =>
    o.device === "target" && isKind(o.body, kind)
      ? [{ node: o.node, seq: o.seq, at: o.at, body: o.body }]
      : [],
  );
}

function isKind<K extends ObservationBody["kind"]>(
  body: ObservationBody,
  kind: K,
): body is Extract<ObservationBody, { kind: K }> {
  return body.kind === kind;
}

/** All questions of one moment, over as many records as they took; null when none were put. */
export function probesAt(
  evidence: Evidence,
  moment: Moment,
): { readonly probes: readonly Probe[]; readonly records: readonly Found<"probes">[] } | null {
  const records = fromTarget(evidence, "probes").filter((p) => p.body.moment === moment);
  return records.length === 0 ? null : { records, probes: records.flatMap((r) => r.body.probes) };
}

/** Why a test that belongs to a claim did not run, or not fully, in the daemon's own words. */
export function untestedBecause(evidence: Evidence, claim: string): Found<"untested">[] {
  return fromTarget(evidence, "untested").filter((u) => u.body.claim === claim);
}

export const refOf = (found: { node: NodeId; seq: number }) => ({ node: found.node, seq: found.seq });
