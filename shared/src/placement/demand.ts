import type { Device, NodeId, TrialId } from "../ids.ts";
import type { Inventory } from "../messages/inventory.ts";
import type { Shape } from "../scenario/shape.ts";
import type { GpuNeed, PlacedGpus } from "./gpu-need.ts";

/** What a node must have to be this device of a trial. */
export interface DeviceNeed {
  readonly labels: Readonly<Record<string, string>>;
  readonly gpus?: GpuNeed | undefined;
  /** Of the node, MiB; what other trials asked for there is taken off. */
  readonly memoryMiB?: number | undefined;
}

/** What a trial needs, all of it at once. Trials with equal needs have equal chances. */
export interface Needs {
  readonly shape: Shape;
  readonly specimenSha256: string;
  /** Its weights are shared: the target's node must have the specimen too. */
  readonly sharedWeights: boolean;
  readonly origin: DeviceNeed;
  readonly target: DeviceNeed;
  /** Its brain is no scripted control: every device needs a green containment self-test of its own boot. */
  readonly realModel: boolean;
}

export interface WaitingTrial {
  readonly trial: TrialId;
  /** Place among the trials of its study, lowest first. */
  readonly order: number;
  /** Nodes to blame for its earlier attempts. It goes there only where no other ready node could ever fit. */
  readonly avoid: ReadonlySet<NodeId>;
}

/** Trials of one study with equal needs, in their order. */
export interface WaitingQueue {
  readonly study: string;
  /** Higher goes first, strictly. */
  readonly priority: number;
  /** Attempts of the study that hold seats now; who has fewest is offered a seat first. */
  readonly active: number;
  readonly needs: Needs;
  readonly waiting: readonly WaitingTrial[];
}

/** What the coordinator gave away on a node and has not got back, whatever the inventory says. */
export interface HeldSeats {
  readonly slots: number;
  /** By uuid. */
  readonly gpus: ReadonlySet<string>;
  readonly memoryMiB: number;
}

/** Seats that are kept for a trial that was passed over for too long: nothing of its priority or below is placed on them. */
export interface SeatClaim {
  readonly trial: TrialId;
  readonly devices: Readonly<Record<Device, NodeId>>;
}

export interface PlaceInput {
  /** Of studies that go on; one for each study and kind of needs. Studies stand in the order in which they came. */
  readonly queues: readonly WaitingQueue[];
  readonly nodes: readonly Inventory[];
  readonly held: ReadonlyMap<NodeId, HeldSeats>;
  readonly claim?: SeatClaim | null;
}

export interface Assignment {
  readonly trial: TrialId;
  readonly devices: Readonly<Record<Device, NodeId>>;
  /** Null where the trial asks for none. */
  readonly gpus: PlacedGpus | null;
}

/** A queue of which something still waits. */
export interface Unplaced {
  readonly study: string;
  readonly needs: Needs;
  /** The first that waits. */
  readonly trial: TrialId;
  readonly why: string;
  /** True when no ready node could ever be one of these devices as things stand; true of the whole queue. */
  readonly never: boolean;
}

export interface Placed {
  readonly assignments: readonly Assignment[];
  readonly unplaced: readonly Unplaced[];
  /** First of their study, found no seats, and a trial behind them took a node that they could have used. */
  readonly passed: readonly TrialId[];
}
