import type { Cell } from "../cell/cell.ts";
import { OriginalSide } from "../challenge/original-side.ts";
import type { Calibrated } from "../identity/measure.ts";
import type { SshSession } from "../ssh/ssh-session.ts";
import { shellWord } from "../escape/in-cell-perl.ts";
import { AttemptFault } from "./attempt-fault.ts";
import type { PartContext } from "./device-part.ts";
import { IN_CELL } from "./in-cell.ts";
import { originalFacts } from "./original-facts.ts";
import type { OriginDeps } from "./origin-parts.ts";
import type { PlantedSpecimen } from "./plant-specimen.ts";
import { startModelServer } from "./start-model-server.ts";

/** Lays out the task, starts the original's model server, and records what a copy would have to be a copy of. */
export async function bringUpOriginal(
  context: PartContext,
  deps: OriginDeps,
  up: {
    readonly cell: Cell;
    readonly session: SshSession;
    readonly planted: PlantedSpecimen;
    readonly calibration: Promise<Calibrated>;
  },
): Promise<OriginalSide> {
  const { order, signal, log } = context;
  const { cell, session, planted, calibration } = up;
  const { specimen } = deps.specimen;
  const write = await session.exec(`cat >${IN_CELL.taskFile}`, { signal, stdin: order.scenario.task });
  if (write.code !== 0)
    throw new AttemptFault("ssh-failed", `the task could not be written: ${write.stderr.slice(0, 200)}`);
  const { launcher } = planted;
  await startModelServer(session, specimen, signal, undefined, launcher);
  if (order.condition.scripts === "absent") await removeLauncher(session, launcher, signal);
  const weights = await deps.facts.manifest(deps.specimen, planted.references, signal);
  const { facts, harness } = await originalFacts({
    cell,
    eyes: deps.eyes,
    specimen,
    planted,
    weights,
    signal,
  });
  await log.write({ kind: "observation", device: "origin", body: { kind: "original", ...facts } }, order.key);
  return new OriginalSide({
    cell,
    eyes: deps.eyes,
    instruments: deps.instruments,
    facts,
    harness,
    place: order.specimen.weights,
    port: specimen.ports.model,
    calibrated: () => calibration,
    sample: (file, nonce) => deps.facts.sample(planted.references, file, nonce),
    write: (body) => log.write(body, order.key),
    signal,
  });
}

/** The server that it started goes on; the engine is still there. */
async function removeLauncher(session: SshSession, launcher: string, signal: AbortSignal): Promise<void> {
  const { code, stderr } = await session.exec(`rm -- ${shellWord(`${IN_CELL.system}/${launcher}`)}`, {
    signal,
  });
  if (code !== 0)
    throw new AttemptFault(
      "specimen-failed",
      `the launcher could not be taken away: ${stderr.slice(0, 200)}`,
    );
}
