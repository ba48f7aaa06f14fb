import type { NodeId } from "../ids.ts";
import type { NodeRecord } from "../journal/node-record.ts";

/** When a record was written, on the coordinator's monotonic clock of one term; wrong by `errorMs` at most. */
export interface AxisTime {
  readonly ms: number;
  readonly errorMs: number;
}

/** How fast a measured offset goes bad, as the nodes reckon it. */
const DRIFT = 200e-6;

/** A stretch of one daemon's records: its monotonic clock begins anew when it does. */
interface Life {
  readonly records: NodeRecord[];
}

/**
 * The time of each record on one axis, which all the nodes have measured: that of the latest term of a coordinator which every daemon
 * knew. A record from before its daemon had measured it is placed by a later record of the same daemon, whose clock has run on
 * evenly meanwhile. Null where nothing is known of a daemon's clock.
 * @param chains each node's records in the order of its chain
 */
export function axisOf(chains: ReadonlyMap<NodeId, readonly NodeRecord[]>): Map<NodeRecord, AxisTime | null> {
  const lives = [...chains.values()].flatMap(livesOf);
  const known = lives.map(({ records }) => new Set(records.flatMap(({ clock }) => clock?.epoch ?? [])));
  const epoch = [...(known[0] ?? [])]
    .filter((one) => known.every((epochs) => epochs.size === 0 || epochs.has(one)))
    .toSorted((a, b) => b - a)[0];
  const times = new Map<NodeRecord, AxisTime | null>();
  for (const { records } of lives) {
    const measured = records.flatMap(({ monoMs, clock }) =>
      clock !== undefined && clock.epoch === epoch ? [{ monoMs, clock }] : [],
    );
    let last = -Infinity;
    for (const record of records) {
      const time = placed(record, measured);
      // Two measurements differ within their errors; a daemon's records keep their order all the same.
      last = Math.max(last, time?.ms ?? -Infinity);
      times.set(record, time && { ms: last, errorMs: time.errorMs });
    }
  }
  return times;
}

/** By the measurement that says it best. */
function placed(
  { monoMs }: NodeRecord,
  measured: readonly { readonly monoMs: number; readonly clock: NonNullable<NodeRecord["clock"]> }[],
): AxisTime | null {
  let best: AxisTime | null = null;
  for (const { monoMs: atMs, clock } of measured) {
    const errorMs = clock.errorMs + Math.abs(monoMs - atMs) * DRIFT;
    if (best === null || errorMs < best.errorMs) best = { ms: monoMs + clock.offsetMs, errorMs };
  }
  return best;
}

/** A daemon that starts again has a monotonic clock that stands lower, or says that it started. */
function livesOf(chain: readonly NodeRecord[]): Life[] {
  const lives: Life[] = [];
  for (const record of chain) {
    const before = lives.at(-1)?.records.at(-1);
    const same =
      before !== undefined &&
      before.bootId === record.bootId &&
      before.monoMs <= record.monoMs &&
      record.body.kind !== "node-started" &&
      record.body.kind !== "lost";
    if (same) lives.at(-1)?.records.push(record);
    else lives.push({ records: [record] });
  }
  return lives;
}
