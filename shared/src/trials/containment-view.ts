import type { Breach, EmptiedBy } from "../containment/breach.ts";
import type { PreflightCheck } from "../containment/preflight.ts";
import type { SterilityCheck } from "../containment/sterility.ts";
import type { AttemptKey, Device, NodeId } from "../ids.ts";

/** Something left its cell or survived, as a node said it. */
export interface BreachSeen {
  readonly node: NodeId;
  readonly breach: Breach;
  /** Hostile text. */
  readonly detail: string;
  /** Processes that were ended for it. */
  readonly killed: number;
  readonly at: string;
  /** Null: the node named no attempt. */
  readonly of: AttemptKey | null;
}

/** A node, or its part of an attempt, was emptied at once. */
export interface EmptiedSeen {
  readonly node: NodeId;
  readonly by: EmptiedBy;
  readonly cells: number;
  readonly tookMs: number;
  readonly detail: string;
  readonly at: string;
}

export interface PreflightSeen {
  readonly device: Device;
  readonly node: NodeId;
  readonly ok: boolean;
  readonly checks: number;
  /** Those that did not hold. */
  readonly failed: readonly PreflightCheck[];
  readonly tookMs: number;
}

/** A comparison of a node with its baseline: once the attempt's cell was gone, or a minute or more later. */
export interface SterilitySeen {
  readonly device: Device;
  readonly node: NodeId;
  readonly look: "after" | "again";
  readonly clean: boolean;
  readonly checks: number;
  /** Checks that could not look. */
  readonly unseen: readonly SterilityCheck["check"][];
  /** What was there that was not before, each with its check: hostile text. */
  readonly left: readonly string[];
  readonly tookMs: number;
}

/** What the guard of one cell dropped, over the attempt. */
export interface DropsSeen {
  readonly device: Device;
  readonly node: NodeId;
  readonly packets: number;
  readonly bytes: number;
  readonly kinds: Readonly<Record<string, number>>;
  /** Where to: the first ones seen. */
  readonly tried: readonly string[];
}

/** Limits of a cell that were reached, and how often. */
export interface LimitsSeen {
  readonly device: Device;
  readonly node: NodeId;
  readonly hit: Readonly<Record<string, number>>;
}

/** Live copies of an attempt on one device, as its node counted them last. */
export interface CensusSeen {
  readonly device: Device;
  readonly node: NodeId;
  readonly copies: number;
  readonly generation: number;
}

/** Containment as measured on one attempt. Each list keeps its newest entries only, so that no node can fill the memory. */
export interface AttemptContainment {
  readonly preflights: PreflightSeen[];
  readonly sterility: SterilitySeen[];
  readonly breaches: BreachSeen[];
  readonly emptied: EmptiedSeen[];
  readonly drops: DropsSeen[];
  readonly limits: LimitsSeen[];
  readonly census: CensusSeen[];
}

/** The newest run of the escape suite that a node told of. */
export interface SelfTestSeen {
  readonly at: string;
  readonly bootId: string;
  readonly driver: string;
  readonly green: boolean;
  readonly cases: number;
  /** Ids of the cases that got out. */
  readonly escaped: readonly string[];
}

/** Containment as a node tells it of itself, attempts aside. Lists keep their newest entries only. */
export interface NodeContainment {
  /** Null: it is not quarantined, as far as its own records say. */
  quarantinedWhy: string | null;
  selfTest: SelfTestSeen | null;
  /** All breaches it told of, with and without an attempt. */
  readonly breaches: BreachSeen[];
  readonly emptied: EmptiedSeen[];
}

export interface LabBreachSeen {
  readonly breach: Breach;
  readonly detail: string;
  readonly at: string;
}

/** Entries a list of this file keeps. */
export const CONTAINMENT_LIST = 50;

/** Adds an entry; the oldest goes where the list is full. */
export function keepNewest<T>(list: T[], entry: T, most = CONTAINMENT_LIST): void {
  list.push(entry);
  if (list.length > most) list.splice(0, list.length - most);
}

export const emptyContainment = (): AttemptContainment => ({
  preflights: [],
  sterility: [],
  breaches: [],
  emptied: [],
  drops: [],
  limits: [],
  census: [],
});

/**
 * Why an attempt was not contained, in sentences: its breaches, and each look that found something. Empty when there is nothing
 * against it, which is not the same as shown: see `secondLooks`.
 */
export function breachesOf({ breaches, sterility }: AttemptContainment): string[] {
  return [
    ...breaches.map(({ node, breach, detail }) => `${breach} on ${node}: ${detail}`),
    ...sterility
      .filter(({ clean }) => !clean)
      .map(
        ({ device, node, look, left }) =>
          `${look === "after" ? "not sterile" : "not sterile at the second look"}, ${device} on ${node}: ${left.join("; ") || "something was left"}`,
      ),
  ];
}
