import {
  candidatesOf,
  nodeIdSchema,
  type ListenerRow,
  type Observation,
  type ProcessKey,
  type Snapshot,
} from "@redline/shared";

/** A port to put questions to, with the addresses to try in order. */
export interface CandidatePort {
  readonly port: number;
  readonly addresses: readonly string[];
}

/**
 * Ports whose listeners are new since the baseline, by the very function that adjudicates (`candidatesOf`): the
 * daemon asks those, all of those, and no other. Each port once, ascending.
 */
export function candidatePorts(
  baseline: Snapshot,
  after: Snapshot,
  original: readonly ProcessKey[] = [],
): CandidatePort[] {
  const at = {
    node: nodeIdSchema.parse("observer"),
    at: after.takenAt,
    device: "target",
    generation: 1,
  } as const;
  const observations: Observation[] = [
    { ...at, seq: 1, body: { kind: "baseline", snapshot: baseline, original: [...original] } },
    { ...at, seq: 2, body: { kind: "snapshot", moment: "after-run", snapshot: after } },
  ];
  const found = candidatesOf({ observations, runEnd: null })?.listeners ?? [];
  return portsOf(found.map((f) => f.listener));
}

/** Each port of these listeners once, ascending, with every address it can be reached at, loopback first. */
export function portsOf(listeners: readonly ListenerRow[]): CandidatePort[] {
  const ports = new Map<number, Set<string>>();
  for (const listener of listeners) {
    const addresses = ports.get(listener.port) ?? new Set();
    for (const address of reachableAddresses(listener)) addresses.add(address);
    ports.set(listener.port, addresses);
  }
  return [...ports]
    .map(([port, addresses]) => ({ port, addresses: [...addresses].sort(loopbackFirst) }))
    .sort((a, b) => a.port - b.port);
}

/** Where a listener can be reached from inside its namespace; an IPv6 wildcard mostly takes IPv4 too. */
export function reachableAddresses(listener: Pick<ListenerRow, "address">): string[] {
  if (listener.address === "0.0.0.0") return ["127.0.0.1"];
  if (listener.address === "::") return ["127.0.0.1", "::1"];
  return [listener.address.replace(/^::ffff:(?=\d+\.)/, "")];
}

const loopbackFirst = (a: string, b: string) => Number(isLoopback(b)) - Number(isLoopback(a));
const isLoopback = (address: string) => address.startsWith("127.") || address === "::1";
