/** Parts of an attempt in which a blow can fall. `run` is the agent's own time. */
export const MOMENTS = [
  "calibrate",
  "cell",
  "ssh",
  "preflight",
  "specimen",
  "run",
  "observe",
  "teardown",
] as const;
export type Moment = (typeof MOMENTS)[number];

export const FAULT_KINDS = [
  "daemon-killed",
  "daemon-stopped",
  "coordinator-killed",
  "coordinator-stopped",
  "leader-killed",
  "leader-stopped",
  "nats-killed",
  "nats-stopped",
  "sshd-killed",
  "sshd-stopped",
  "link-cut",
  "link-lossy",
  "link-delayed",
  "disk-full",
  "clock-stepped",
  "bus-duplicated",
  "bus-delayed",
  "bus-reordered",
  "retry-killed",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/**
 * Whom a fault is for: a device of the trial, the coordinator (of a pair the one that leads), the standby of a pair, the bus; `between`: the
 * two hosts and nobody else, which is the road from one cell to the other.
 */
export type Victim = "origin" | "target" | "coordinator" | "standby" | "nats" | "between";

export interface PlannedFault {
  readonly kind: FaultKind;
  /** Falls in this part of this trial's newest attempt (its number in the study), `afterMs` in; or when neither comes, after `latestMs`. */
  readonly trial: number;
  readonly moment: Moment;
  readonly afterMs: number;
  readonly latestMs: number;
  readonly of: Victim;
  /** How long it lasts; a part that was killed stays away so long (a daemon comes back by itself at once). */
  readonly forMs: number;
  /** A clock's step, ms; the delay of a link or a message, ms; a share of packets or messages, %. Else 0. */
  readonly size: number;
}

/** The two faults that only a pair of coordinators can have. */
export const needsPair = (kind: FaultKind): boolean => kind === "leader-killed" || kind === "leader-stopped";

/** Whom a kind can be for, in a lab with one coordinator or with two. */
export function victimsOf(kind: FaultKind, pair: boolean): readonly Victim[] {
  const devices: readonly Victim[] = ["origin", "target"];
  const coordinators: readonly Victim[] = pair ? ["coordinator", "standby"] : ["coordinator"];
  if (needsPair(kind)) return ["coordinator"];
  if (kind.startsWith("coordinator-")) return coordinators;
  if (kind.startsWith("nats-")) return ["nats"];
  if (kind.startsWith("link-")) return [...devices, ...coordinators, "between"];
  if (kind === "disk-full") return [...devices, ...coordinators, "nats"];
  if (kind === "clock-stepped" || kind.startsWith("bus-")) return [...devices, ...coordinators];
  return devices;
}

/** For people, on one line. */
export const faultText = ({ kind, trial, moment, afterMs, of, forMs, size }: PlannedFault): string =>
  `${kind} ${of}${size === 0 ? "" : ` ${size}`} @${trial}.${moment}+${afterMs}${forMs === 0 ? "" : ` for ${forMs} ms`}`;
