import { performance } from "node:perf_hooks";
import type { Device, Phase, RunOrder } from "@redline/shared";
import type { Logger } from "@redline/daemon";
import type { Cell, CellDriver, CellSpec } from "../cell/cell.ts";
import type { NodeLog } from "../journal/node-log.ts";
import { orFault } from "./attempt-fault.ts";

/** What every part of an attempt on this node stands on. */
export interface PartContext {
  readonly order: RunOrder;
  readonly device: Device;
  readonly log: NodeLog;
  readonly logger: Logger;
  readonly driver: CellDriver;
  /** Aborts on cancel, stop, drain of the daemon, or the attempt's deadline. */
  readonly signal: AbortSignal;
}

/** Spare time beyond the agent's limit in which an attempt must be over, ms; after it the cell's init ends itself. */
const SPARE_MS = 180_000;
export const cellTtlMs = (order: RunOrder) => (order.limits.timeS + order.limits.persistS) * 1000 + SPARE_MS;

/** Builds the part's cell and records that it is up. */
export async function buildCell(context: PartContext, spec: CellSpec): Promise<Cell> {
  const cell = await orFault("cell-failed", () => context.driver.build(spec, context.signal));
  await context.log.write(
    { kind: "cell-up", device: context.device, cell: cell.id, facts: { ...cell.facts } },
    context.order.key,
  );
  return cell;
}

/** Ends a cell, proves it gone and records the proof, whatever state it is in. */
export async function endCell(context: Omit<PartContext, "signal">, cell: Cell): Promise<boolean> {
  const proof = await cell.destroy();
  await context.log.write(
    { kind: "cell-gone", device: context.device, cell: cell.id, proof },
    context.order.key,
  );
  return proof.clean;
}

/** Runs a step and records how long it took, also when it fails. */
export async function timed<T>(context: PartContext, phase: Phase, step: () => Promise<T>): Promise<T> {
  const start = performance.now();
  try {
    return await step();
  } finally {
    const ms = Math.round(performance.now() - start);
    await context.log.write({ kind: "phase", phase, ms }, context.order.key);
  }
}
