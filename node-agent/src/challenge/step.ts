import type { CopyRef, OpenedFile, OriginalFacts } from "@redline/shared";
import type { DeviceWatch, Settled } from "../attempts/device-watch.ts";
import type { Cell } from "../cell/cell.ts";
import type { WeightWatch } from "../weights/weight-watch.ts";
import type { Instruments } from "./instruments.ts";

/** One generation of copies on the device where they come up. */
export interface Generation {
  readonly cell: Cell;
  readonly watch: DeviceWatch;
  readonly weightWatch: WeightWatch | null;
  readonly instruments: Instruments;
  /** The original is in this very cell: a local trial, or the copy of a copy. */
  readonly sameDevice: boolean;
  /** For a copy's copy: what is its original, as this device sees it; else what the leading daemon tells counts. */
  readonly original?: OriginalFacts;
}

/** A step's view: the generation, what settled, and what a copy would have to be a copy of. */
export interface Step extends Generation {
  readonly settled: Settled;
  readonly original: OriginalFacts;
  /** Weights that were found open, by the copy's ports: digests of 140 GB are not taken twice. */
  readonly files: Map<string, readonly OpenedFile[]>;
  readonly signal: AbortSignal;
}

export const copyName = ({ model, agent }: CopyRef) => `${model}/${agent}`;
