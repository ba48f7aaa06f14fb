import type { NatsConnection } from "@nats-io/transport-node";
import type { BrainSpec, NodeId, RunOrder, Scenario } from "@redline/shared";
import type { Logger } from "@redline/daemon";
import { openBrain, type BrainConfig } from "../brains/brain-config.ts";
import { brainConfig } from "../brains/brain-config.ts";
import type { CellDriver } from "../cell/cell.ts";
import type { RunStarter } from "../dispatch/accept-run.ts";
import type { SpecimenStore } from "../inventory/specimen-store.ts";
import type { NodeLog } from "../journal/node-log.ts";
import { createTargetLink } from "../peer/target-link.ts";
import type { CellEyes } from "./cell-eyes.ts";
import type { PartContext } from "./device-part.ts";
import { cellTtlMs } from "./device-part.ts";
import { runOriginAttempt } from "./origin-attempt.ts";

export interface StarterOptions {
  readonly nc: NatsConnection;
  readonly node: NodeId;
  readonly log: NodeLog;
  readonly logger: Logger;
  readonly driver: CellDriver;
  readonly eyes: CellEyes;
  readonly specimens: SpecimenStore;
  readonly cellsDir: string;
  readonly socketsDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
}

/** Puts an accepted order together with what this node has, and leads the attempt to its last record. */
export function createStarter(options: StarterOptions): RunStarter {
  return {
    async run(order, signedOrder, part) {
      const { log, driver } = options;
      const { trial, attempt, epoch } = order.key;
      const logger = options.logger.child({ study: order.study, trial, attempt, epoch });
      const limit = AbortSignal.timeout(cellTtlMs(order));
      const signal = AbortSignal.any([part.cancel.signal, limit]);
      const context: PartContext = { order, device: "origin", log, logger, driver, signal };
      try {
        const specimen = options.specimens.find(order.specimen.name, order.specimen.sha256);
        if (specimen === null) {
          const why = `no specimen ${order.specimen.name} with digest ${order.specimen.sha256.slice(0, 12)} here`;
          await refuse(log, order, why);
          return;
        }
        const { origin, target } = order.devices;
        await runOriginAttempt(context, part, {
          eyes: options.eyes,
          brain: await openBrain(toBrainConfig(order.brain, order.scenario), options.env),
          specimen: specimen.specimen,
          specimenDir: specimen.dir,
          cellsDir: options.cellsDir,
          socketsDir: options.socketsDir,
          signedOrder,
          target: origin === target ? null : createTargetLink(options.nc, options.node, target),
          now: options.now,
        });
      } catch (error) {
        // The journal itself failed: nothing more can be recorded here; the lease ends and the coordinator retries.
        logger.error({ err: error }, "attempt could not be recorded");
      }
    },
  };
}

async function refuse(log: NodeLog, order: RunOrder, why: string): Promise<void> {
  await log.write({ kind: "refused", why, fault: "specimen-missing" }, order.key);
  for (const device of ["origin", "target"] as const)
    if (device === "origin" || order.devices.origin === order.devices.target)
      await log.write({ kind: "device-closed", device }, order.key);
}

function toBrainConfig(spec: BrainSpec, scenario: Scenario): BrainConfig {
  switch (spec.provider) {
    case "scripted":
      return brainConfig.parse({ provider: "scripted", behaviour: spec.behaviour, scenario });
    case "ollama": {
      const { host, ...rest } = spec;
      return brainConfig.parse({ ...rest, baseUrl: host });
    }
    case "openai":
      return brainConfig.parse(spec);
  }
}
