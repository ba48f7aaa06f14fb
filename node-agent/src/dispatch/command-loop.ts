import type { KeyObject } from "node:crypto";
import { performance } from "node:perf_hooks";
import type { Consumer, JetStreamClient, JsMsg } from "@nats-io/jetstream";
import {
  consumers,
  openCommand,
  streams,
  type NodeId,
  type OpenedCommand,
  type RunOrder,
  type SignedCommand,
} from "@redline/shared";
import { pause, type Logger, type StreamPublisher } from "@redline/daemon";
import type { CoordinatorClock } from "../clock/coordinator-clock.ts";
import type { ClockHurry } from "../clock/follow-clock.ts";
import { acceptRun, refuseSkewed, type Accepting } from "./accept-run.ts";
import type { CancelledRuns } from "./cancelled-runs.ts";
import type { HeldRuns } from "./held-runs.ts";
import { cancelTrial } from "./orders.ts";
import type { StopOrders } from "../lifeline/stop-orders.ts";

const PULL_MS = 30_000;
const RETRY_MS = 1000;
const HELD_MS = 250;

export interface CommandLoopOptions extends Accepting {
  readonly publisher: Pick<StreamPublisher, "ask">;
  readonly js: JetStreamClient;
  readonly node: NodeId;
  readonly publicKey: KeyObject;
  readonly epoch: { highest: number };
  readonly stops: Pick<StopOrders, "stop">;
  readonly held: HeldRuns;
  readonly cancelled: CancelledRuns;
  readonly logger: Logger;
  /** Wall time, ms; asked only where the coordinator's clock is not known. */
  readonly now: () => number;
  readonly clock: Pick<CoordinatorClock, "now">;
  /** Told of the first command of a new term, whose clock is not known yet. */
  readonly hurry: Pick<ClockHurry, "now">;
}

/**
 * Takes this node's commands one at a time: verify, journal, acknowledge, start; one for which there is no slot is held until there
 * is. Runs until the signal aborts; an error (no connection, no consumer yet) is logged and tried again.
 */
export async function runCommandLoop(options: CommandLoopOptions, signal: AbortSignal): Promise<void> {
  await Promise.all([takeCommands(options, signal), retryHeld(options, signal)]);
}

async function takeCommands(options: CommandLoopOptions, signal: AbortSignal): Promise<void> {
  let consumer: Consumer | null = null;
  while (!signal.aborted) {
    try {
      consumer ??= await options.js.consumers.get(streams.commands, consumers.commandsOf(options.node));
      const message = await untilAbort(consumer.next({ expires: PULL_MS }), signal);
      if (message !== null) await handle(message, options, signal);
    } catch (error) {
      consumer = null;
      options.logger.warn({ err: error }, "command queue not reachable; trying again");
      await pause(RETRY_MS, signal);
    }
  }
}

/** Runs until the signal aborts; nothing is held for most of the time, and then it looks at nothing. */
async function retryHeld({ held, logger }: CommandLoopOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await held.some(signal);
    await pause(HELD_MS, signal);
    // Nothing begins in a daemon that ends.
    if (isOver(signal)) return;
    await held
      .retry(performance.now())
      .catch((error: unknown) => logger.error({ err: error }, "a command that waits could not be started"));
  }
}

/** The signal aborts between two looks at it. */
const isOver = (signal: AbortSignal) => signal.aborted;

/** A pull cannot be taken back; one that is still open at the end is left to the closing connection. */
function untilAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const abort = () => resolve(null);
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

async function handle(message: JsMsg, options: CommandLoopOptions, signal: AbortSignal): Promise<void> {
  try {
    await take(message, options, signal);
  } catch (error) {
    // Again soon, and each time counts: the coordinator ends an attempt whose command is never taken.
    options.logger.error({ err: error, subject: message.subject }, "command failed; it comes again");
    message.nak(RETRY_MS);
  }
}

async function take(message: JsMsg, options: CommandLoopOptions, signal: AbortSignal): Promise<void> {
  const { epoch, clock, hurry } = options;
  const opened = open(message, options);
  if (!opened.ok) return dropUnread(message, opened, options, signal);
  const { command, signed } = opened;
  if (command.epoch > epoch.highest) {
    epoch.highest = command.epoch;
    if (clock.now()?.epoch !== command.epoch) hurry.now();
  }
  const { order } = command;
  if (order.verb === "run") return takeRun(message, { id: command.id, order, signed }, options, signal);
  if (order.verb === "cancel") void cancelTrial(options.registry, order, options.held, options.cancelled);
  else if (order.verb === "stop") {
    options.held.stop();
    void options.stops.stop(order.reason);
  }
  // The rest comes on the fast path alone: late, it would be wrong.
  acknowledge(options, message, signal);
}

const open = (message: JsMsg, { publicKey, node, now, epoch, clock }: CommandLoopOptions): OpenedCommand =>
  openCommand(message.data, {
    publicKey,
    node,
    nowMs: now(),
    minEpoch: epoch.highest,
    coordinator: clock.now(),
  });

async function takeRun(
  message: JsMsg,
  { id, order, signed }: { readonly id: string; readonly order: RunOrder; readonly signed: SignedCommand },
  options: CommandLoopOptions,
  signal: AbortSignal,
): Promise<void> {
  const { held, logger } = options;
  const { trial, attempt } = order.key;
  const start = () => acceptRun(order, id, signed, options);
  const outcome = await start();
  logger.info({ trial, attempt, outcome }, "run command");
  if (outcome !== "busy") {
    acknowledge(options, message, signal);
    return;
  }
  held.hold({
    trial,
    attempt,
    seq: message.seq,
    working: () => message.working(),
    drop: () => acknowledge(options, message, signal),
    retry: async () => {
      const again = open(message, options);
      if (!again.ok) {
        await dropUnread(message, again, options, signal);
        return "over";
      }
      const later = await start();
      if (later === "busy") return "busy";
      logger.info({ trial, attempt, outcome: later }, "run command that waited for a slot");
      acknowledge(options, message, signal);
      return "over";
    },
  });
}

/** A genuine order of another protocol is answered in the journal; what cannot be read is given up, and the server tells of that. */
async function dropUnread(
  message: JsMsg,
  { why, skew }: Extract<OpenedCommand, { ok: false }>,
  options: CommandLoopOptions,
  signal: AbortSignal,
): Promise<void> {
  const { logger } = options;
  logger.warn({ why, subject: message.subject }, "command dropped");
  if (skew?.run != null) {
    await refuseSkewed(skew.run, skew.id, skew.upgrade, options);
    acknowledge(options, message, signal);
    return;
  }
  // Without a reason: older servers ignore a TERM that has one, and the message would come back.
  message.term();
}

/**
 * Asks until it is answered: a plain acknowledgement vanishes without an error while the link is down. Nothing waits for it: what is not
 * acknowledged comes again, and is known.
 */
function acknowledge({ publisher }: CommandLoopOptions, message: JsMsg, signal: AbortSignal): void {
  const reply = "reply" in message && typeof message.reply === "string" ? message.reply : "";
  const ask = async () => {
    while (!signal.aborted)
      try {
        await publisher.ask(reply, "+ACK");
        return;
      } catch {
        await pause(RETRY_MS, signal);
      }
  };
  void ask();
}
