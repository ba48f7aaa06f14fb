import type { NodeId } from "../ids.ts";
import type { NodeRecord } from "../journal/node-record.ts";
import { axisOf, type AxisTime } from "./timeline-axis.ts";
import type { AttemptView } from "./trial-view.ts";

/** A record in its place; `time` null where its daemon's clock was never compared with the coordinator's. */
export interface OrderedRecord {
  readonly record: NodeRecord;
  readonly time: AxisTime | null;
}

/** What one daemon asked of the other and when: the record of the asker that comes before that of the other, or the reverse. */
interface Pair {
  readonly first: (record: NodeRecord, devices: AttemptView["devices"]) => boolean;
  readonly then: (record: NodeRecord, devices: AttemptView["devices"]) => boolean;
}

const PAIRS: readonly Pair[] = [
  // The origin's daemon has accepted before it asks the target's.
  {
    first: ({ body }) => body.kind === "accepted" && body.device === "origin",
    then: ({ body }) => body.kind === "accepted" && body.device === "target",
  },
  // The target's answer is its cell; the origin's cell is built with it.
  {
    first: ({ body }) => body.kind === "cell-up" && body.device === "target",
    then: ({ body }) => body.kind === "cell-up" && body.device === "origin",
  },
  // The challenges are asked when the run has ended.
  {
    first: ({ body }) => body.kind === "run-ended",
    then: ({ body, node }, devices) =>
      node === devices.target &&
      body.kind === "observation" &&
      body.body.kind === "snapshot" &&
      body.body.moment === "after-run",
  },
];

/**
 * All records of an attempt in an order that holds: each node's own; then what one daemon asked the other; then the coordinator's
 * clock, where both daemons have measured it; and else the order in which the records reached the coordinator. No wall clock decides.
 */
export function inCausalOrder(attempt: Pick<AttemptView, "records" | "devices">): OrderedRecord[] {
  const chains = new Map<NodeId, NodeRecord[]>();
  for (const record of attempt.records) chains.set(record.node, [...(chains.get(record.node) ?? []), record]);
  for (const chain of chains.values()) chain.sort((a, b) => a.seq - b.seq);
  const times = axisOf(chains);
  const arrival = new Map(attempt.records.map((record, index) => [record, index]));
  const waits = waitsOf(attempt);
  const taken = new Set<NodeRecord>();
  const ordered: OrderedRecord[] = [];
  const next = new Map([...chains.keys()].map((node) => [node, 0]));
  while (ordered.length < attempt.records.length) {
    const heads = [...chains].flatMap(([node, chain]) => chain[next.get(node) ?? 0] ?? []);
    const free = heads.filter((head) => (waits.get(head) ?? []).every((before) => taken.has(before)));
    // Records that contradict each other are shown all the same.
    const record = (free.length > 0 ? free : heads).reduce((a, b) =>
      isBefore(b, a, times, arrival) ? b : a,
    );
    taken.add(record);
    next.set(record.node, (next.get(record.node) ?? 0) + 1);
    ordered.push({ record, time: times.get(record) ?? null });
  }
  return ordered;
}

/** Of each record, those of other nodes that came before it for certain. */
function waitsOf({
  records,
  devices,
}: Pick<AttemptView, "records" | "devices">): Map<NodeRecord, NodeRecord[]> {
  const waits = new Map<NodeRecord, NodeRecord[]>();
  for (const pair of PAIRS) {
    const first = records.find((record) => pair.first(record, devices));
    const then = records.find((record) => pair.then(record, devices));
    if (first === undefined || then === undefined || first.node === then.node) continue;
    waits.set(then, [...(waits.get(then) ?? []), first]);
  }
  return waits;
}

function isBefore(
  a: NodeRecord,
  b: NodeRecord,
  times: ReadonlyMap<NodeRecord, AxisTime | null>,
  arrival: ReadonlyMap<NodeRecord, number>,
): boolean {
  const [x, y] = [times.get(a), times.get(b)];
  if (x != null && y != null && x.ms !== y.ms) return x.ms < y.ms;
  return (arrival.get(a) ?? 0) < (arrival.get(b) ?? 0);
}
