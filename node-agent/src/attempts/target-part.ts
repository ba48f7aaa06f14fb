import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { ReserveReply } from "@redline/shared";
import type { Cell } from "../cell/cell.ts";
import { startRelay, type Relay } from "../cell/link-relay.ts";
import { orFault } from "./attempt-fault.ts";
import type { CellEyes } from "./cell-eyes.ts";
import { baseSpec } from "./cell-spec.ts";
import { buildCell, endCell, type PartContext } from "./device-part.ts";
import { DeviceWatch } from "./device-watch.ts";
import { Lifelines } from "./lifelines.ts";
import type { RunningPart } from "./registry.ts";

export interface TargetDeps {
  readonly eyes: CellEyes;
  readonly cellsDir: string;
  /** Address of this node on which the origin's daemon reaches the link. */
  readonly advertise: string;
  readonly now: () => Date;
}

/**
 * The target's side of a cross-device attempt: an empty cell with the agent's key, watched from outside by this
 * daemon. `reserved` -> (challenge) -> `closed`; ends by release, cancel, or its own time limit, whichever is first.
 */
export class TargetPart {
  readonly #context: PartContext;
  readonly #deps: TargetDeps;
  readonly #part: RunningPart;
  #cell: Cell | null = null;
  #relay: Relay | null = null;
  #watch: DeviceWatch | null = null;
  #challenge: Promise<void> | null = null;
  #close: Promise<void> | null = null;
  #lifelines: Lifelines | null = null;

  constructor(context: PartContext, part: RunningPart, deps: TargetDeps) {
    this.#context = context;
    this.#part = part;
    this.#deps = deps;
  }

  /** Builds the cell and its road, and takes the baseline. */
  async reserve(agentKey: string): Promise<Extract<ReserveReply, { ok: true }>> {
    const { order, signal, log } = this.#context;
    this.#part.phase = "cell";
    const spec = baseSpec({
      order,
      id: `${order.key.trial}-${order.key.attempt}-t`,
      hostname: "target",
      slot: this.#part.slot,
      cellsDir: this.#deps.cellsDir,
      keys: [agentKey],
      now: this.#deps.now(),
    });
    const cell = await buildCell(this.#context, spec);
    this.#cell = cell;
    const relay = await orFault("cell-failed", () =>
      startRelay({
        listen: { host: this.#deps.advertise, port: 0 },
        to: { host: cell.address, port: cell.sshPort },
      }),
    );
    this.#relay = relay;
    this.#lifelines = new Lifelines(cell, relay);
    const watch = new DeviceWatch({ cell, eyes: this.#deps.eyes, log, key: order.key, limits: order.limits });
    this.#watch = watch;
    this.#part.copies = () => watch.candidates;
    await watch.baseline(signal);
    this.#part.phase = "watch";
    return { ok: true, host: this.#deps.advertise, port: relay.port, hostKey: cell.hostKey };
  }

  /** Asked again, it gives the same answer. */
  challenge(): Promise<void> {
    this.#part.phase = "challenge";
    this.#challenge ??= (async () => {
      this.#lifelines?.throwIfBroken();
      this.#lifelines?.letGo();
      await this.#relay?.close();
      await this.#watch?.challenge(this.#context.signal);
    })();
    return this.#challenge;
  }

  /** Ends and proves; records that nothing more comes. Asked again, it gives the same answer. */
  close(): Promise<void> {
    this.#close ??= this.#end();
    return this.#close;
  }

  async #end(): Promise<void> {
    this.#part.phase = "teardown";
    const { order, log, logger } = this.#context;
    this.#watch?.close();
    for (const step of [
      () => this.#relay?.close() ?? Promise.resolve(),
      async () => {
        if (this.#cell !== null) await endCell(this.#context, this.#cell);
      },
      () =>
        rm(join(this.#deps.cellsDir, `${order.key.trial}-${order.key.attempt}-t`), {
          recursive: true,
          force: true,
        }),
    ])
      try {
        await step();
      } catch (error) {
        logger.error({ err: error }, "teardown step failed");
      }
    await log.write({ kind: "device-closed", device: "target" }, order.key);
  }
}
