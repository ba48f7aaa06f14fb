import { z } from "zod";

/** The protocol that this build speaks: the `v` of every message. */
export const PROTOCOL = 1;
/** Header of every request to the coordinator's HTTP API and of every reply. */
export const PROTOCOL_HEADER = "x-redline-protocol";
/** HTTP 426: the two sides speak different protocols. */
export const UPGRADE_REQUIRED = 426;

/** Who talks with whom, in the words that an operator reads. */
export interface Sides {
  readonly we: string;
  readonly they: string;
}

export const sides = {
  nodeOfCoordinator: { we: "this node daemon", they: "the coordinator" },
  coordinatorOfNode: (node: string): Sides => ({
    we: "the coordinator",
    they: `the node daemon of ${node}`,
  }),
  nodeOfPeer: (peer: string): Sides => ({ we: "this node daemon", they: `the node daemon of ${peer}` }),
  clientOfCoordinator: { we: "this redline command", they: "the coordinator" },
  coordinatorOfClient: { we: "the coordinator", they: "the redline command that asked" },
  coordinators: { we: "this coordinator", they: "the other coordinator" },
} as const;

export interface Skew {
  readonly theirs: number;
  /** One sentence: who speaks what, and which side to upgrade. */
  readonly upgrade: string;
}

const versioned = z.object({ v: z.int().min(0).max(1_000_000) });

/**
 * Looks at the version of a message before any strict schema does, which would only call it malformed. Null for a message of our
 * protocol, and for what has no version at all: that is no other version but no message of Redline.
 */
export function skewOf(
  raw: unknown,
  between: Sides = { we: "this side", they: "the other side" },
): Skew | null {
  const parsed = versioned.safeParse(raw);
  return parsed.success ? skewBetween(parsed.data.v, between) : null;
}

/** The same of a version that stands elsewhere, e.g. in a header. */
export function skewBetween(theirs: number, { we, they }: Sides): Skew | null {
  if (theirs === PROTOCOL) return null;
  const upgrade = `${we} speaks protocol ${PROTOCOL} and ${they} ${theirs}: upgrade ${theirs > PROTOCOL ? we : they}`;
  return { theirs, upgrade };
}

/** The version that a header of HTTP gives; null where there is none, or none that could be one. */
export function protocolOfHeader(value: string | readonly string[] | null | undefined): number | null {
  return typeof value === "string" && /^\d{1,6}$/.test(value) ? Number(value) : null;
}
