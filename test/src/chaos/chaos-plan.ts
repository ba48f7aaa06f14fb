import { seededRandom } from "../drills/seeded-random.ts";

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
export type Device = "origin" | "target";
/** What a disk or a clock belongs to. */
export type Owner = Device | "coordinator" | "nats";

export interface PlannedFault {
  readonly kind: FaultKind;
  /** Falls in this part of this trial's newest attempt (its number in the study), `afterMs` in; or when neither comes, after `latestMs`. */
  readonly trial: number;
  readonly moment: Moment;
  readonly afterMs: number;
  readonly latestMs: number;
  /** Whose: the device of the trial; for a disk or a clock, any part's. */
  readonly of: Owner;
  /** How long it lasts; a part that was killed stays away so long (a daemon comes back by itself at once). */
  readonly forMs: number;
  /** A clock's step, ms; the delay of a link or a message, ms; a share of packets or messages, %. Else 0. */
  readonly size: number;
}
export interface ChaosPlan {
  readonly seed: number;
  readonly faults: readonly PlannedFault[];
}

/** Number of trials in the study (chaos-study.ts). */
export const TRIALS = 4;
const MINUTE_MS = 60_000;
const DEVICES = ["origin", "target"] as const;
const OWNERS = ["origin", "target", "coordinator", "nats"] as const;
/** The cell's sshd runs as the agent's user. Once an agent is there its end cannot be told from the agent's own doing, which is an outcome. */
const BEFORE_THE_AGENT: readonly Moment[] = ["ssh", "preflight"];

/** What happens in a run: one fault, two, or seldom three. The same seed gives the same plan, for ever. */
export function chaosPlan(seed: number): ChaosPlan {
  const random = seededRandom(Math.imul(seed, 0x9e37_79b1));
  const between = (low: number, high: number) => Math.floor(low + random() * (high - low + 1));
  const of = <T>(all: readonly [T, ...T[]] | readonly T[]): T => {
    const one = all[between(0, all.length - 1)];
    if (one === undefined) throw new RangeError("nothing to choose from");
    return one;
  };
  // Every kind comes once in as many seeds as there are kinds; what is beside it is drawn.
  const first = FAULT_KINDS[(((seed - 1) % FAULT_KINDS.length) + FAULT_KINDS.length) % FAULT_KINDS.length];
  const drawn = random();
  const count = drawn < 0.5 ? 1 : drawn < 0.92 ? 2 : 3;
  const faults: PlannedFault[] = [];
  while (faults.length < count) {
    const kind = faults.length === 0 && first !== undefined ? first : of(FAULT_KINDS);
    // One that waits for a retry takes its own time; two of them would strike the same attempts.
    if (faults.length > 0 && kind === "retry-killed") continue;
    faults.push({
      kind,
      trial: between(0, TRIALS - 1),
      moment: kind === "sshd-killed" ? of(BEFORE_THE_AGENT) : of(MOMENTS),
      afterMs: between(0, kind === "sshd-killed" ? 150 : 1200),
      latestMs: between(6000, 12_000),
      of: ownerOf(kind, of),
      forMs: lastsMs(kind, between),
      size: sizeOf(kind, between, random),
    });
  }
  return { seed, faults };
}

function ownerOf(kind: FaultKind, of: <T>(all: readonly T[]) => T): Owner {
  if (kind === "disk-full") return of(OWNERS);
  if (kind === "clock-stepped") return of(["origin", "target", "coordinator"]);
  return of(DEVICES);
}

/** Short ones pass unnoticed; long ones are over the limit of the life line (5 s in the suite's lab), and end cells. */
function lastsMs(kind: FaultKind, between: (low: number, high: number) => number): number {
  if (kind === "daemon-killed" || kind === "retry-killed" || kind === "sshd-killed") return 0;
  if (kind === "disk-full") return between(500, 4000);
  const short = between(0, 1) === 0;
  return short ? between(200, 2500) : between(5500, 8000);
}

function sizeOf(
  kind: FaultKind,
  between: (low: number, high: number) => number,
  random: () => number,
): number {
  if (kind === "link-lossy") return 5;
  if (kind === "link-delayed") return between(40, 400);
  if (kind.startsWith("bus-")) return between(5, 40);
  if (kind !== "clock-stepped") return 0;
  const step = random() < 0.5 ? between(1, 59) * MINUTE_MS : between(1, 6) * 60 * MINUTE_MS;
  return random() < 0.5 ? step : -step;
}

/** For people, on one line. */
export const faultText = ({ kind, trial, moment, afterMs, of, forMs, size }: PlannedFault): string =>
  `${kind} ${of}${size === 0 ? "" : ` ${size}`} @${trial}.${moment}+${afterMs}${forMs === 0 ? "" : ` for ${forMs} ms`}`;
