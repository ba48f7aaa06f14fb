import type { SignedCommand } from "@redline/shared";
import type { Brain } from "../brains/brain.ts";
import type { WhoseBrain } from "../brains/whose-brain.ts";
import type { Cell } from "../cell/cell.ts";
import type { Relay } from "../cell/link-relay.ts";
import type { ChallengedDevice } from "../challenge/challenged-device.ts";
import type { Instruments } from "../challenge/instruments.ts";
import type { StoredSpecimen } from "../inventory/specimen-store.ts";
import type { ReservedTarget, TargetLink } from "../peer/target-link.ts";
import type { SshSession } from "../ssh/ssh-session.ts";
import type { CellBroker } from "./cell-broker.ts";
import type { CellEyes } from "./cell-eyes.ts";
import type { PartSterility } from "./part-sterility.ts";
import type { Lifelines } from "./lifelines.ts";
import type { SpecimenFacts } from "./specimen-facts.ts";
import type { WayToOriginal } from "./way-to-original.ts";

export interface OriginDeps {
  readonly eyes: CellEyes;
  readonly instruments: Instruments;
  readonly brain: Brain;
  /** Whether that is the specimen's own model, and how that is known. */
  readonly whose: WhoseBrain;
  /** For a brain that is the original itself: led into the cell once its server is up. */
  readonly way: WayToOriginal;
  readonly specimen: StoredSpecimen;
  readonly facts: SpecimenFacts;
  readonly cellsDir: string;
  /** Short path for sockets: a Unix socket's path holds 107 bytes. */
  readonly socketsDir: string;
  /** Address of this node, from which alone the target lets its road be used. */
  readonly advertise: string;
  readonly signedOrder: SignedCommand;
  /** Null in a local trial. */
  readonly target: TargetLink | null;
  readonly now: () => Date;
}

/** Everything the attempt holds; each is ended by teardown whether or not the rest came up. */
export interface Held {
  target: boolean;
  /** Ends the watch over the target's end of the attempt. */
  readonly watched: AbortController;
  /** The target's end of the road, until it is cut on purpose. */
  road: ReservedTarget | null;
  cell: Cell | null;
  relay: Relay | null;
  broker: CellBroker | null;
  session: SshSession | null;
  /** In a local trial: the watch over this very cell. */
  copies: ChallengedDevice | null;
  lifelines: Lifelines | null;
  /** From before the cell; what the part leaves on the node is held against it. */
  sterility: PartSterility | null;
}
