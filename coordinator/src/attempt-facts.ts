import type { AttemptView, Device, Fault, NodeId, NodeRecord } from "@redline/shared";

/** What the records of an attempt say that decides over it, besides what the projection holds. */
export interface AttemptFacts {
  readonly accepted: ReadonlySet<Device>;
  readonly refused: { readonly node: NodeId; readonly fault: Fault; readonly why: string } | null;
  readonly lost: { readonly node: NodeId; readonly detail: string } | null;
}

interface Reading {
  /** Records read so far. */
  read: number;
  readonly accepted: Set<Device>;
  refused: AttemptFacts["refused"];
  lost: AttemptFacts["lost"];
}

const readings = new WeakMap<AttemptView, Reading>();

/** Facts of an attempt; each record is looked at once, however often this is asked. */
export function factsOf(attempt: AttemptView): AttemptFacts {
  const reading = readings.get(attempt) ?? { read: 0, accepted: new Set(), refused: null, lost: null };
  readings.set(attempt, reading);
  for (const record of attempt.records.slice(reading.read)) take(reading, record);
  reading.read = attempt.records.length;
  return reading;
}

function take(reading: Reading, { node, body }: NodeRecord): void {
  if (body.kind === "accepted") reading.accepted.add(body.device);
  if (body.kind === "refused") reading.refused ??= { node, fault: body.fault, why: body.why };
  if (body.kind === "lost") reading.lost ??= { node, detail: body.detail };
}

/** The distinct nodes of an attempt, the origin's first. */
export const nodesOf = (attempt: Pick<AttemptView, "devices">): NodeId[] => [
  ...new Set([attempt.devices.origin, attempt.devices.target]),
];

/** Devices that must have closed before the evidence is whole. On one node the target's part may be the origin's. */
export function devicesToClose(attempt: AttemptView): Device[] {
  const { origin, target } = attempt.devices;
  const both = origin !== target || factsOf(attempt).accepted.has("target");
  return both ? ["origin", "target"] : ["origin"];
}

/** Whether a node has nothing of the attempt any more: its parts closed, or it said that they were lost. */
export function hasLeft(attempt: AttemptView, node: NodeId): boolean {
  const facts = factsOf(attempt);
  if (facts.lost?.node === node || facts.refused?.node === node) return true;
  return devicesToClose(attempt)
    .filter((device) => attempt.devices[device] === node)
    .every((device) => attempt.closed.has(device));
}
