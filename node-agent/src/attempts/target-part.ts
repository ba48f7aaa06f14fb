import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { ReserveReply } from "@redline/shared";
import type { Cell } from "../cell/cell.ts";
import { startRelay, type Relay } from "../cell/link-relay.ts";
import { AttemptCancelled, orFault } from "./attempt-fault.ts";
import type { CellEyes } from "./cell-eyes.ts";
import { baseSpec } from "./cell-spec.ts";
import { buildCell, endCell, type PartContext } from "./device-part.ts";
import { DeviceWatch } from "./device-watch.ts";
import { Lifelines } from "./lifelines.ts";
import type { RunningPart } from "./registry.ts";

type Reserved = Extract<ReserveReply, { ok: true }>;

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
  readonly #ending = new AbortController();
  #reserving: Promise<Reserved> | null = null;
  #challenge: Promise<void> | null = null;
  #close: Promise<void> | null = null;
  /** Resolves when somebody asks for the end. */
  readonly closeAsked: Promise<void>;
  #closeAsked: () => void = () => undefined;
  #lifelines: Lifelines | null = null;

  constructor(context: PartContext, part: RunningPart, deps: TargetDeps) {
    this.#context = { ...context, signal: AbortSignal.any([context.signal, this.#ending.signal]) };
    this.#part = part;
    this.#deps = deps;
    this.closeAsked = new Promise((resolve) => {
      this.#closeAsked = resolve;
    });
  }

  /** Builds the cell and its road, and takes the baseline. Once. */
  reserve(agentKey: string): Promise<Reserved> {
    this.#reserving ??= this.#build(agentKey);
    return this.#reserving;
  }

  async #build(agentKey: string): Promise<Reserved> {
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
        signal,
      }),
    );
    this.#relay = relay;
    const lifelines = new Lifelines(cell, relay);
    this.#lifelines = lifelines;
    const { eyes } = this.#deps;
    const watch = new DeviceWatch({ cell, eyes, log, key: order.key, limits: order.limits, lifelines });
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
      this.#lifelines?.cutRoad();
      await this.#relay?.close();
      await this.#watch?.challenge(this.#context.signal);
    })();
    return this.#challenge;
  }

  /** Ends and proves; records that nothing more comes. Asked again, it gives the same answer. */
  close(): Promise<void> {
    this.#close ??= this.#end();
    this.#closeAsked();
    return this.#close;
  }

  async #end(): Promise<void> {
    this.#part.phase = "teardown";
    const { order, log, logger } = this.#context;
    // What is still being built or asked must be over first, or it would outlive this part.
    this.#lifelines?.letGo();
    this.#ending.abort(new AttemptCancelled("the attempt is over on the target"));
    await Promise.allSettled([this.#reserving, this.#challenge]);
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
