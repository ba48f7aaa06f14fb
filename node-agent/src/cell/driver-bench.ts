import type { SshSession } from "../ssh/ssh-session.ts";
import type { Cell, CellDriver, CellSpec } from "./cell.ts";

/** What every driver must keep, each promise with the work that throws when it is not so. */
export type DriverPromise = readonly [promise: string, work: () => Promise<void>];

/** What a driver has to bring to be put to the suite: real parts, in a namespace of its own where it is root. */
export interface DriverBench {
  readonly driver: CellDriver;
  /** A sound description for this slot, with a fresh state folder. */
  spec(index: number, more?: Partial<CellSpec>): CellSpec;
  /** A fresh folder that other uids may pass through. */
  folder(name: string): string;
  connect(cell: Cell): Promise<SshSession>;
  /** Another process with a driver of the same kind, which builds this cell and then only beats for it. */
  startDaemon(index: number, more: Partial<CellSpec>): Promise<OtherDaemon>;
}

export interface OtherDaemon {
  /** Of its cell. */
  readonly pidns: string;
  readonly signal: (name: NodeJS.Signals) => void;
}
