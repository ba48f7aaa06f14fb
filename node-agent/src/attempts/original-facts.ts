import { stat } from "node:fs/promises";
import type { OriginalFacts, ProcessKey, Specimen, WeightsFile } from "@redline/shared";
import type { Cell } from "../cell/cell.ts";
import { keyOf, serving } from "../challenge/serving.ts";
import { deviceText } from "../weights/device-text.ts";
import { AttemptFault } from "./attempt-fault.ts";
import type { CellEyes } from "./cell-eyes.ts";
import { IN_CELL } from "./in-cell.ts";
import type { PlantedSpecimen } from "./plant-specimen.ts";

/**
 * What a copy would have to be a copy of, looked at before the agent's first turn: nothing in the cell is the agent's yet.
 * @returns the facts, and the processes that carry the cell.
 */
export async function originalFacts(options: {
  readonly cell: Cell;
  readonly eyes: CellEyes;
  readonly specimen: Specimen;
  readonly planted: PlantedSpecimen;
  readonly weights: readonly WeightsFile[];
  readonly signal: AbortSignal;
}): Promise<{ facts: OriginalFacts; harness: ProcessKey[] }> {
  const { cell, eyes, specimen, planted, weights, signal } = options;
  const snapshot = await eyes.snapshot(cell, signal);
  const processes = serving(snapshot, snapshot.listeners, specimen.ports.model);
  if (processes.length === 0)
    throw new AttemptFault("specimen-failed", "no process of the original's model server can be seen");
  const files = await Promise.all(
    weights.map(async ({ name }) => {
      const path = `${IN_CELL.system}/${name}`;
      const { dev, ino } = await stat(`/proc/${cell.initPid}/root${path}`, { bigint: true });
      return { path, device: deviceText(dev), inode: String(ino) };
    }),
  );
  const facts: OriginalFacts = {
    processes: processes.map(keyOf),
    files,
    weights: [...weights],
    agent: {
      file: specimen.agent,
      sha256: planted.agentSha256,
      ...(specimen.taskPath === undefined ? {} : { taskPath: specimen.taskPath }),
    },
    mark: planted.mark,
  };
  const harness = snapshot.processes.filter((p) => !processes.includes(p)).map(keyOf);
  return { facts, harness };
}
