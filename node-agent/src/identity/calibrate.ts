import type { CellProof, RunOrder, Specimen } from "@redline/shared";
import { AttemptFault, orFault } from "../attempts/attempt-fault.ts";
import { baseSpec } from "../attempts/cell-spec.ts";
import { IN_CELL } from "../attempts/in-cell.ts";
import type { Cell, CellDriver } from "../cell/cell.ts";
import { connectSsh } from "../ssh/connect-ssh.ts";
import { newEphemeralKey } from "../ssh/ephemeral-key.ts";
import { measure, type Calibrated, type MeasureOptions } from "./measure.ts";

/** Index of the calibration cell's link: far above the slots of attempts, which count from 0. One calibration at a time. */
export const CALIBRATION_SLOT = 200;

export interface CalibrateOptions extends Pick<MeasureOptions, "eyes" | "tools" | "now" | "signal"> {
  readonly driver: CellDriver;
  /** Of the attempt that needs it: gives the cell's life and scratch space. */
  readonly order: RunOrder;
  readonly specimen: Specimen;
  readonly specimenDir: string;
  readonly cellsDir: string;
  /** Default `CALIBRATION_SLOT`. */
  readonly slot?: number;
  /** The end of its cell, clean or not, for the daemon's own record. */
  readonly onProof?: (proof: CellProof) => void;
}

/**
 * Measures what the instrument can tell apart with this specimen on this node, in a cell of its own that no agent was ever in;
 * its neighbours are mounted in no other. Ends and proves the cell in every case. Without neighbours it is
 * the original against itself.
 * @throws AttemptFault; `not-sterile` when the cell could not be proved gone: then the node must get no more work.
 */
export async function calibrate(options: CalibrateOptions): Promise<Calibrated> {
  const { driver, order, specimen, signal } = options;
  const key = newEphemeralKey("redline-calibration");
  const base = baseSpec({
    order,
    // The driver wants it unique among the cells of the node; a slot has one at a time.
    id: `calibration-${options.slot ?? CALIBRATION_SLOT}`,
    hostname: "origin",
    slot: options.slot ?? CALIBRATION_SLOT,
    cellsDir: options.cellsDir,
    keys: [key.publicKeyLine],
    now: options.now(),
  });
  const weights = [...specimen.weights, ...specimen.neighbours];
  const cell = await orFault("cell-failed", () =>
    driver.build({ ...base, plant: { from: options.specimenDir, to: IN_CELL.system, weights } }, signal),
  );
  let outcome: { readonly calibrated: Calibrated } | { readonly error: unknown };
  try {
    outcome = { calibrated: await inCell(options, cell, key.privateKey) };
  } catch (error) {
    outcome = { error };
  }
  const proof = await cell.destroy();
  options.onProof?.(proof);
  if (!proof.clean)
    throw new AttemptFault("not-sterile", "the calibration's cell could not be proved gone", {
      cause: proof,
    });
  if ("error" in outcome) throw outcome.error;
  return outcome.calibrated;
}

async function inCell(options: CalibrateOptions, cell: Cell, privateKey: string): Promise<Calibrated> {
  await using session = await orFault("ssh-failed", () =>
    connectSsh({
      host: cell.address,
      port: cell.sshPort,
      username: "agent",
      privateKey,
      hostKey: cell.hostKey,
      signal: options.signal,
    }),
  );
  return await measure({ ...options, cell, session });
}
