import { seededRandom } from "../drills/seeded-random.ts";
import { CROSS_DEVICE, TRIALS } from "./chaos-study.ts";
import {
  FAULT_KINDS,
  MOMENTS,
  needsPair,
  victimsOf,
  type FaultKind,
  type Moment,
  type PlannedFault,
  type Victim,
} from "./planned-fault.ts";

export interface ChaosPlan {
  readonly seed: number;
  /** In a lab with two coordinators. */
  readonly pair: boolean;
  readonly faults: readonly PlannedFault[];
}

const MINUTE_MS = 60_000;
/** The cell's sshd runs as the agent's user. Once an agent is there its end cannot be told from the agent's own doing, which is an outcome. */
const BEFORE_THE_AGENT: readonly Moment[] = ["ssh", "preflight"];
/** What falls on a cell, or on the road between two, waits for one; the others fall after a while, whatever the trial does. */
const WITH_A_CELL: readonly Moment[] = ["ssh", "preflight", "specimen", "run", "observe"];
const PATIENT_MS = 120_000;

/** What happens in a run: one fault, two, or seldom three, half of those at the same moment. The same seed gives the same plan. */
export function chaosPlan(seed: number): ChaosPlan {
  const draw = new Draw(Math.imul(seed, 0x9e37_79b1));
  // Every kind comes once in as many seeds as there are kinds, for everyone whom it can be for in turn; what is beside it is drawn.
  const first = FAULT_KINDS[(seed - 1) % FAULT_KINDS.length] ?? "daemon-killed";
  const victims = victimsOf(first, true);
  const victim = victims[Math.floor((seed - 1) / FAULT_KINDS.length) % victims.length] ?? "origin";
  const pair = draw.share(0.15) || needsPair(first) || victim === "standby";
  const drawn = draw.random();
  const count = drawn < 0.45 ? 1 : drawn < 0.92 ? 2 : 3;
  const atOnce = draw.share(0.5);
  // One that waits for a retry takes its own time.
  const besides = FAULT_KINDS.filter((kind) => kind !== "retry-killed" && (pair || !needsPair(kind)));
  const faults: PlannedFault[] = [];
  while (faults.length < count) {
    const [before] = faults;
    // Two of a kind could take back what the other one does.
    const others = besides.filter((kind) => faults.every((there) => there.kind !== kind));
    const kind = before === undefined ? first : draw.of(others);
    const fault = fall(kind, before === undefined ? victim : draw.of(victimsOf(kind, pair)), draw);
    const together = before !== undefined && atOnce && !needsCell(fault) && !needsCell(before);
    const { trial, moment, afterMs, latestMs } = together ? before : fault;
    faults.push({ ...fault, trial, moment, afterMs, latestMs });
  }
  return { seed, pair, faults };
}

function fall(kind: FaultKind, of: Victim, draw: Draw): PlannedFault {
  const early = kind === "sshd-killed";
  const inCell = needsCell({ kind, of });
  const moment = draw.of(early ? BEFORE_THE_AGENT : inCell ? WITH_A_CELL : MOMENTS);
  return {
    kind,
    of,
    // Only a trial with two devices uses the road between them.
    trial: of === "between" ? draw.of(CROSS_DEVICE) : draw.between(0, TRIALS - 1),
    moment,
    afterMs: draw.between(0, early ? 150 : moment === "teardown" ? 200 : 1200),
    latestMs: inCell ? PATIENT_MS : draw.between(8000, 14_000),
    forMs: lastsMs(kind, of, draw),
    size: sizeOf(kind, draw),
  };
}

const needsCell = ({ kind, of }: Pick<PlannedFault, "kind" | "of">): boolean =>
  kind.startsWith("sshd-") || kind === "retry-killed" || of === "between";

/** Short ones pass unnoticed; long ones are over the limit of the life line (5 s in the suite's lab), and end cells. */
function lastsMs(kind: FaultKind, of: Victim, draw: Draw): number {
  if (kind === "daemon-killed" || kind === "retry-killed" || kind === "sshd-killed") return 0;
  if (kind === "disk-full") return draw.between(500, 4000);
  // Longer than a leader may go on without renewing, and than the other one waits for it.
  if (needsPair(kind)) return draw.between(5500, 8000);
  // Long enough for a message or a packet to come by.
  const least = kind.startsWith("bus-") || of === "between" ? 1500 : 200;
  return draw.share(0.5) ? draw.between(least, 2500) : draw.between(5500, 8000);
}

function sizeOf(kind: FaultKind, draw: Draw): number {
  if (kind === "link-lossy") return 5;
  if (kind === "link-delayed") return draw.between(40, 400);
  if (kind.startsWith("bus-")) return draw.between(5, 40);
  if (kind !== "clock-stepped") return 0;
  const step = draw.share(0.5) ? draw.between(1, 59) * MINUTE_MS : draw.between(1, 6) * 60 * MINUTE_MS;
  return draw.share(0.5) ? step : -step;
}

/** What is drawn for one seed. */
class Draw {
  readonly random: () => number;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** Whole, both ends included. */
  between(low: number, high: number): number {
    return Math.floor(low + this.random() * (high - low + 1));
  }

  share(share: number): boolean {
    return this.random() < share;
  }

  of<T>(all: readonly T[]): T {
    const one = all[this.between(0, all.length - 1)];
    if (one === undefined) throw new RangeError("nothing to choose from");
    return one;
  }
}
