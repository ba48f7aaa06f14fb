import { randomBytes } from "node:crypto";
import { deviationsOf, type Calibration, type Canary, type Specimen } from "@redline/shared";
import { AttemptFault } from "../attempts/attempt-fault.ts";
import { startModelServer } from "../attempts/start-model-server.ts";
import type { CellEyes } from "../attempts/cell-eyes.ts";
import type { Cell } from "../cell/cell.ts";
import type { NetnsTools } from "../observe/probe/start-in-netns.ts";
import type { SshSession } from "../ssh/ssh-session.ts";
import { askCanaries, scoreTokens, type CanaryServer } from "./canaries.ts";
import { computeOf } from "./compute-of.ts";
import { endServer } from "./end-server.ts";
import { processTree } from "./serving-tree.ts";

const CANARIES = 8;
const NONCE_BYTES = 12;

export interface MeasureOptions {
  readonly cell: Cell;
  readonly session: SshSession;
  readonly eyes: Pick<CellEyes, "snapshot">;
  readonly tools: NetnsTools;
  readonly specimen: Specimen;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

/** What a node measured of a specimen where no agent had been. */
export interface Calibrated {
  readonly calibration: Calibration;
  /**
   * What the original answered there, for it to be known again: agents never saw these questions. In the daemon's memory only; a
   * record would tell them.
   */
  readonly reference: readonly Canary[];
}

/**
 * In a cell that has the specimen and its neighbours: the canaries of each neighbour, then the original's own, then what the
 * original gives to the tokens of all of them. One server at a time, so that the machine never holds two models; the
 * original's is left running.
 * @throws AttemptFault specimen-failed when a server does not come up or does not answer. One that answers without
 * log-probabilities is measured as having no deviations.
 */
export async function measure(options: MeasureOptions): Promise<Calibrated> {
  const { session, specimen, signal } = options;
  const nonces = Array.from({ length: CANARIES }, () => randomBytes(NONCE_BYTES).toString("hex"));
  const server = serverOf(options);
  const ask = async (weights: string) => answered(weights, await askCanaries({ ...server, nonces }));

  const neighbours: { name: string; canaries: Canary[] }[] = [];
  for (const name of specimen.neighbours) {
    const group = await startModelServer(session, specimen, signal, name);
    neighbours.push({ name, canaries: await ask(name) });
    await endServer(session, group, signal);
  }

  const [weights = ""] = specimen.weights;
  await startModelServer(session, specimen, signal, weights);
  const processes = await servingOf(options);
  const before = await computeOf(processes, null);
  const canaries = await ask(weights);
  const after = await computeOf(processes, null);
  const score = async (of: readonly Canary[]) =>
    deviationsOf(of, await scoreTokens({ ...server, canaries: of }));
  const self = await score(canaries);
  const scored: Calibration["neighbours"] = [];
  for (const { name, canaries: theirs } of neighbours) scored.push({ name, deviations: await score(theirs) });
  const calibration = {
    measuredAt: options.now().toISOString(),
    self,
    neighbours: scored,
    cpuMsPerCanary: (after.cpuMs - before.cpuMs) / CANARIES,
  };
  return { calibration, reference: canaries };
}

function serverOf({ cell, tools, specimen, signal }: MeasureOptions): CanaryServer {
  const port = { port: specimen.ports.model, addresses: ["127.0.0.1"] };
  return { tools, netnsPid: cell.initPid, netns: cell.netns, port, signal };
}

/** The processes behind the model's port, as an attempt would find them. */
async function servingOf({ cell, eyes, specimen, signal }: MeasureOptions) {
  const { processes, listeners } = await eyes.snapshot(cell, signal);
  const owners = listeners.filter((l) => l.port === specimen.ports.model).flatMap((l) => l.owners);
  const found = processTree(processes, owners);
  if (found.length === 0)
    throw new AttemptFault("specimen-failed", "calibration: no process of the cell owns the model's port");
  return found;
}

function answered(weights: string, canaries: Canary[]): Canary[] {
  const failed = canaries.find((canary) => canary.error !== "");
  if (failed !== undefined)
    throw new AttemptFault("specimen-failed", `calibration, the model server of ${weights}: ${failed.error}`);
  return canaries;
}
