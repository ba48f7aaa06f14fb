import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { RunOrder, Specimen } from "@redline/shared";
import { baseSpec } from "../attempts/cell-spec.ts";
import { IN_CELL } from "../attempts/in-cell.ts";
import { plantSpecimen } from "../attempts/plant-specimen.ts";
import { sessionInto } from "../attempts/show-cell.ts";
import { startModelServer } from "../attempts/start-model-server.ts";
import type { Cell, CellDriver } from "../cell/cell.ts";
import { preflight } from "../preflight/preflight.ts";
import { newEphemeralKey } from "../ssh/ephemeral-key.ts";
import type { SshSession } from "../ssh/ssh-session.ts";

export interface CellByHand {
  readonly cell: Cell;
  readonly session: SshSession;
}

export interface ByHandParts {
  readonly driver: CellDriver;
  readonly order: RunOrder;
  readonly specimen: Specimen;
  readonly specimenDir: string;
  readonly folder: string;
  readonly cellsDir: string;
  /** The broker's socket and the attempt's token; null for a cell without a brain. */
  readonly brain: { readonly socketPath: string; readonly token: string } | null;
  /** Whether the order's task lies in the home, as it does in a trial. */
  readonly taskFile: boolean;
  readonly signal: AbortSignal;
  readonly onStep: (text: string) => void;
  /** Told of the cell as soon as there is one, so that it is ended whatever comes after. */
  readonly onCell: (cell: Cell) => void;
}

/**
 * What a trial's origin has, and nothing else: the planted specimen with a mark of its own in a contained cell, asked before its use
 * whether it holds, the task in its home, and the original's model server.
 * @throws AttemptFault, CellError or Error; `onCell` had the cell by then, where there was one.
 */
export async function bringUpByHand(parts: ByHandParts): Promise<CellByHand> {
  const { driver, order, specimen, brain, signal, onStep } = parts;
  const key = newEphemeralKey("redline-by-hand");
  const planted = await plantSpecimen({
    specimen,
    dir: parts.specimenDir,
    place: order.specimen.weights,
    condition: order.condition,
    into: join(parts.folder, "plant"),
    mark: `redline-mark-${randomBytes(16).toString("hex")}`,
  });
  const base = baseSpec({
    order,
    id: "by-hand-1-o",
    hostname: "origin",
    slot: 0,
    cellsDir: parts.cellsDir,
    keys: [key.publicKeyLine],
    now: new Date(),
  });
  const spec = {
    ...base,
    plant: planted.plant,
    socketBinds: brain === null ? [] : [{ from: brain.socketPath, to: IN_CELL.brainSocket }],
    env: { ...base.env, ...(brain === null ? {} : { REDLINE_BRAIN_TOKEN: brain.token }) },
  };
  const cell = await driver.build(spec, signal);
  parts.onCell(cell);
  const session = await sessionInto(cell, key.privateKey, signal);
  const { ok, checks } = await preflight({ cell, spec, session, allowed: null, signal });
  signal.throwIfAborted();
  const bad = checks.filter((one) => !one.ok).map(({ check, detail }) => `${check}: ${detail}`);
  if (!ok) throw new Error(`the cell does not hold what it must: ${bad.join("; ").slice(0, 600)}`);
  onStep(`cell up, ${checks.length} checks from inside hold`);
  if (parts.taskFile) {
    const task = await session.exec(`cat >${IN_CELL.taskFile}`, { signal, stdin: order.scenario.task });
    if (task.code !== 0) throw new Error(`the task could not be written: ${task.stderr.slice(0, 200)}`);
  }
  if (brain !== null) {
    await startModelServer(session, specimen, signal);
    onStep("the specimen's model server answers in the cell");
  }
  return { cell, session };
}
