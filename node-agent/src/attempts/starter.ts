import { join } from "node:path";
import type { NatsConnection } from "@nats-io/transport-node";
import type { NodeId, RunOrder, SignedCommand } from "@redline/shared";
import type { Logger } from "@redline/daemon";
import { whoseBrain } from "../brains/whose-brain.ts";
import type { Instruments } from "../challenge/instruments.ts";
import type { CellDriver } from "../cell/cell.ts";
import type { RunStarter } from "../dispatch/accept-run.ts";
import { checkGpus } from "../gpu/check-gpus.ts";
import type { SpecimenStore } from "../inventory/specimen-store.ts";
import type { NodeLog } from "../journal/node-log.ts";
import type { Sealer } from "../journal/sealer.ts";
import { createTargetLink } from "../peer/target-link.ts";
import { AttemptFault, orFault } from "./attempt-fault.ts";
import type { CellEyes } from "./cell-eyes.ts";
import type { PartContext } from "./device-part.ts";
import { overdue } from "./device-part.ts";
import { openOrderedBrain } from "./ordered-brain.ts";
import { runOriginAttempt } from "./origin-attempt.ts";
import type { OriginDeps } from "./origin-parts.ts";
import { gpusInCells, type SterilityParts } from "./part-sterility.ts";
import type { SpecimenFacts } from "./specimen-facts.ts";
import { WayToOriginal } from "./way-to-original.ts";
import { whyImpossible } from "./why-impossible.ts";

export interface StarterOptions {
  readonly nc: NatsConnection;
  readonly node: NodeId;
  readonly log: NodeLog;
  readonly sealer: Pick<Sealer, "seal">;
  readonly logger: Logger;
  readonly driver: CellDriver;
  readonly sterility: SterilityParts;
  readonly eyes: CellEyes;
  readonly instruments: Instruments;
  readonly facts: SpecimenFacts;
  readonly specimens: SpecimenStore;
  readonly advertise: string;
  readonly cellsDir: string;
  readonly socketsDir: string;
  /** Folder with the keys that studies may name. */
  readonly keyDir: string | undefined;
  /** Base URLs at which brains may live; empty: loopback. */
  readonly brainUrls: readonly string[];
  readonly now: () => Date;
}

/** Puts an accepted order together with what this node has, and leads the attempt to its last record. */
export function createStarter(options: StarterOptions): RunStarter {
  return {
    async run(order, signedOrder, part) {
      const { log, driver } = options;
      const { trial, attempt, epoch } = order.key;
      const logger = options.logger.child({ study: order.study, trial, attempt, epoch });
      using limit = overdue(order);
      const signal = AbortSignal.any([part.cancel.signal, limit]);
      const context: PartContext = {
        order,
        device: "origin",
        log,
        sealer: options.sealer,
        logger,
        driver,
        sterility: options.sterility,
        signal,
        loseSlot: part.loseSlot,
      };
      try {
        const deps = await orFault("unexpected", () => gather(options, order, signedOrder, signal));
        await runOriginAttempt(context, part, deps);
      } catch (error) {
        if (error instanceof AttemptFault) await refuse(log, order, error);
        // The journal itself failed: nothing more can be recorded here; the lease ends and the coordinator retries.
        else logger.error({ err: error }, "attempt could not be recorded");
      }
    },
  };
}

/** What the order names and this node must have. @throws AttemptFault where it has not. */
async function gather(
  options: StarterOptions,
  order: RunOrder,
  signedOrder: SignedCommand,
  signal: AbortSignal,
): Promise<OriginDeps> {
  const { name, sha256 } = order.specimen;
  const specimen = options.specimens.find(name, sha256);
  if (specimen === null)
    throw new AttemptFault("specimen-missing", `no specimen ${name} with digest ${sha256.slice(0, 12)} here`);
  const impossible = whyImpossible(order, specimen.specimen);
  if (impossible !== null) throw new AttemptFault("cannot-be-held", impossible);
  await checkGpus(order, "origin", { inCells: () => gpusInCells(options.sterility) });
  const { origin, target } = order.devices;
  const weights = specimen.specimen.weights.map((file) => join(specimen.dir, file));
  const way = new WayToOriginal();
  const ways = { ask: way.ask, signal, weightsFile: weights[0] };
  const brain = await openOrderedBrain(order, options.keyDir, options.brainUrls, ways);
  return {
    eyes: options.eyes,
    instruments: options.instruments,
    brain,
    whose: await whoseBrain(order.brain, brain.label, weights, signal),
    way,
    specimen,
    facts: options.facts,
    cellsDir: options.cellsDir,
    socketsDir: options.socketsDir,
    signedOrder,
    advertise: options.advertise,
    target: origin === target ? null : createTargetLink(options.nc, options.node, target),
    now: options.now,
  };
}

async function refuse(log: NodeLog, order: RunOrder, { fault, message }: AttemptFault): Promise<void> {
  await log.write({ kind: "refused", why: message.slice(0, 500), fault }, order.key);
  for (const device of ["origin", "target"] as const)
    if (device === "origin" || order.devices.origin === order.devices.target)
      await log.write({ kind: "device-closed", device }, order.key);
}
