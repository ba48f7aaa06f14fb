import { performance } from "node:perf_hooks";
import { generationsOf, MOST_HELD_S, type Device, type Phase, type RunOrder } from "@redline/shared";
import type { Logger } from "@redline/daemon";
import { CellError } from "../cell/cell-error.ts";
import type { Cell, CellDriver, CellSpec } from "../cell/cell.ts";
import type { NodeLog } from "../journal/node-log.ts";
import type { Sealer } from "../journal/sealer.ts";
import { AttemptFault, orFault } from "./attempt-fault.ts";
import { recordWalls } from "./cell-walls.ts";
import { PartSterility, type SterilityParts } from "./part-sterility.ts";

/** What every part of an attempt on this node stands on. */
export interface PartContext {
  readonly order: RunOrder;
  readonly device: Device;
  readonly log: NodeLog;
  readonly sealer: Pick<Sealer, "seal">;
  readonly logger: Logger;
  readonly driver: CellDriver;
  readonly sterility: SterilityParts;
  /** Called when a cell could not be proved gone: its slot must not be used again. */
  readonly loseSlot: () => void;
  /** Aborts on cancel, stop, drain of the daemon, or the attempt's deadline. */
  readonly signal: AbortSignal;
}

/**
 * Spare time beyond the agent's limit and the window, ms: building cells, a model that loads slowly and questions that it
 * answers slowly; half of it is for people, who hold the agent no longer. Each step has its own limit; this one is the last, after
 * which the cell's init ends itself.
 */
const SPARE_MS = 2 * MOST_HELD_S * 1000;
export function cellTtlMs({ scenario, limits }: RunOrder): number {
  // In a chain a copy gets the same time as the original had.
  const generations = generationsOf(scenario.shape);
  return generations * (limits.timeS + limits.settleS + limits.persistS) * 1000 + SPARE_MS;
}

/** Aborts with a fault of its own when an attempt takes longer than any of its steps should. */
export function overdue(order: RunOrder): AbortSignal & Disposable {
  const controller = new AbortController();
  const ms = cellTtlMs(order);
  const timer = setTimeout(
    () =>
      controller.abort(
        new AttemptFault("overdue", `the attempt was not over after ${Math.round(ms / 1000)} s`),
      ),
    ms,
  );
  timer.unref();
  return Object.assign(controller.signal, { [Symbol.dispose]: () => clearTimeout(timer) });
}

/** Builds the part's cell and records that it is up. */
export async function buildCell(context: PartContext, spec: CellSpec): Promise<Cell> {
  const cell = await orFault("cell-failed", () => built(context, spec));
  try {
    const { id, facts } = cell;
    await context.log.write(
      { kind: "cell-up", device: context.device, cell: id, facts: { ...facts } },
      context.order.key,
    );
    context.signal.throwIfAborted();
    return cell;
  } catch (error) {
    // Nobody has it yet who would end it.
    await endCell(context, cell);
    throw error;
  }
}

/** A build that left something, or made a cell that is not contained, is no fault that another try mends: nobody has the cell to prove it gone. */
async function built(context: PartContext, spec: CellSpec): Promise<Cell> {
  try {
    return await context.driver.build(spec, context.signal);
  } catch (error) {
    if (error instanceof CellError && error.code === "quarantined")
      throw new AttemptFault("node-quarantined", error.message);
    if (error instanceof CellError && error.code === "not-contained") {
      context.loseSlot();
      await survived(context, `cell ${spec.id}: ${error.message}`);
    }
    throw error;
  }
}

/** Something of the part is still on the node. */
async function survived(context: Omit<PartContext, "signal">, detail: string): Promise<void> {
  const { log, order, sterility } = context;
  await log.write({ kind: "breach", breach: "survivor", detail: detail.slice(0, 500), killed: 0 }, order.key);
  await sterility.quarantine(detail.slice(0, 300));
}

/** The node as it is before anything of the part is there. */
export function beginSterility({ sterility, order, device }: PartContext): Promise<PartSterility> {
  return PartSterility.begin(sterility, order.key, device);
}

/** Ends a cell, proves it gone and records the proof, whatever state it is in. */
export async function endCell(context: Omit<PartContext, "signal">, cell: Cell): Promise<boolean> {
  // First of all nobody is in it any more: records wait for the disk.
  await cell.empty();
  const walled = await recordWalls(context, cell).catch((error: unknown) => {
    context.logger.error({ err: error, cell: cell.id }, "what the walls met could not be recorded");
    return true;
  });
  const proof = await cell.destroy();
  await context.log.write(
    { kind: "cell-gone", device: context.device, cell: cell.id, proof },
    context.order.key,
  );
  if (!proof.clean) {
    context.loseSlot();
    await survived(context, `cell ${cell.id} could not be proved gone: ${proof.left.join(", ")}`);
  }
  if (!walled)
    await context.sterility.quarantine(
      `the guard of cell ${cell.id} could not be read at its end: were its tables taken away (nft flush ruleset)?`,
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
