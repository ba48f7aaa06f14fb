import type { KeyObject } from "node:crypto";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import type { z } from "zod";
import {
  coordinatorNameSchema,
  openCommand,
  subjects,
  type clearOrderSchema,
  type Command,
  type ControlAnswer,
  type NodeId,
} from "@redline/shared";
import { answerTo as replyTo, type Logger } from "@redline/daemon";
import type { Registry } from "../attempts/registry.ts";
import type { LifeLine } from "../lifeline/life-line.ts";
import type { StopOrders } from "../lifeline/stop-orders.ts";
import type { CoordinatorClock } from "../clock/coordinator-clock.ts";
import type { ClockHurry } from "../clock/follow-clock.ts";
import type { CancelledRuns } from "./cancelled-runs.ts";
import type { HeldRuns } from "./held-runs.ts";
import { OnceById } from "./once-by-id.ts";
import { cancelTrial, intervene } from "./orders.ts";

export interface ControlOptions {
  readonly nc: NatsConnection;
  readonly node: NodeId;
  readonly registry: Registry;
  readonly publicKey: KeyObject;
  /** Highest term of an order from the queue; a pulse does not raise it, or orders of the term before would be lost. */
  readonly epoch: { readonly highest: number };
  readonly now: () => number;
  readonly logger: Logger;
  readonly lifeLine: Pick<LifeLine, "pulse">;
  readonly stops: Pick<StopOrders, "stop">;
  /** Run commands that wait for a slot: what ends an attempt ends its wait. */
  readonly held: Pick<HeldRuns, "cancel" | "stop">;
  /** What was cancelled before its command was read: the fast path overtakes the queue. */
  readonly cancelled: Pick<CancelledRuns, "note">;
  readonly clock: Pick<CoordinatorClock, "now">;
  /** Told of a new term, whose clock is not known yet. */
  readonly hurry: Pick<ClockHurry, "now">;
  /** Begins a run of the escape suite; answers when it began, or why it did not. */
  readonly onSelfTest: (reason: string) => Promise<ControlAnswer>;
  /** Looks at the node anew and lifts its quarantine, or says why not. `issuedAt`: wall time of the order, RFC 3339. */
  readonly onClear: (order: z.infer<typeof clearOrderSchema>, issuedAt: string) => Promise<ControlAnswer>;
}

/**
 * The fast path: the coordinator's pulses, and orders that are signed like every command and answered. The durable queue carries
 * cancel and stop too, so a node that was cut off still gets them; what is here alone would be wrong when it comes late.
 */
export function serveControl(options: ControlOptions): void {
  const { nc, node, epoch, logger } = options;
  const once = new OnceById<Pick<ControlAnswer, "done" | "why">>();
  const take = (message: Msg) => {
    const opened = openCommand(message.data, {
      publicKey: options.publicKey,
      node,
      nowMs: options.now(),
      minEpoch: epoch.highest,
      coordinator: options.clock.now(),
    });
    if (!opened.ok) {
      // A genuine order of another protocol: who sent it hears why nothing comes of it. Pulses expect no answer.
      if (opened.skew !== undefined)
        replyTo(
          nc,
          message,
          node,
          isCoordinator,
        )?.(JSON.stringify({ v: 1, node, running: options.registry.inUse, done: false, why: opened.why }));
      logger.warn({ why: opened.why }, "control message dropped");
      return;
    }
    const { command } = opened;
    if (command.epoch > (options.clock.now()?.epoch ?? 0)) options.hurry.now();
    if (command.order.verb === "pulse") {
      if (!options.lifeLine.pulse(command.order, command.epoch))
        logger.debug({ beat: command.order.beat, epoch: command.epoch }, "an old pulse was dropped");
      return;
    }
    const answer = answerTo(command, options, once);
    if (answer === null) {
      logger.warn({ why: "run belongs on the queue" }, "control message dropped");
      return;
    }
    // What was signed is done in any case; who may not be answered is not.
    const send = replyTo(nc, message, node, isCoordinator);
    if (send === null && message.reply !== undefined)
      logger.warn({ command: command.id }, "an order is not answered: its reply subject is no coordinator's");
    answer
      .then((said) => send?.(JSON.stringify({ v: 1, node, ...said, running: options.registry.inUse })))
      .catch((cause: unknown) => logger.warn({ err: cause }, "control message not answered"));
  };
  for (const subject of [subjects.control(node), subjects.controlAll])
    nc.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) take(message);
      },
    });
}

const isCoordinator = (name: string) => coordinatorNameSchema.safeParse(name).success;

type Said = { readonly ended: number } | Pick<ControlAnswer, "done" | "why">;

/** Null for an order that does not come by this road. */
function answerTo(
  { id, order, issuedAt }: Command,
  { registry, stops, held, cancelled, onSelfTest, onClear }: ControlOptions,
  once: OnceById<Pick<ControlAnswer, "done" | "why">>,
): Promise<Said> | null {
  switch (order.verb) {
    case "stop":
      held.stop();
      return stops.stop(order.reason).then((ended) => ({ ended }));
    case "cancel":
      return cancelTrial(registry, order, held, cancelled).then((ended) => ({ ended }));
    // The asker repeats a question that was not answered, under its id.
    case "self-test":
      return once.of(id, () => onSelfTest(order.reason));
    case "clear":
      return once.of(id, () => onClear(order, issuedAt));
    case "intervene":
      return once.of(id, () => intervene(registry, order));
    default:
      return null;
  }
}
