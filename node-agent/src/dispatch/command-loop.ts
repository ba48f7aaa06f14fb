import type { KeyObject } from "node:crypto";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Consumer, JetStreamClient, JsMsg } from "@nats-io/jetstream";
import {
  consumers,
  openCommand,
  signedCommandSchema,
  streams,
  type Command,
  type NodeId,
} from "@redline/shared";
import { pause, type Logger } from "@redline/daemon";
import { acceptRun, type Accepting } from "./accept-run.ts";
import { cancelTrial } from "./orders.ts";
import type { StopOrders } from "../lifeline/stop-orders.ts";

const PULL_MS = 30_000;
const RETRY_MS = 1000;
const BUSY_RETRY_MS = 1000;
const ACK_MS = 2000;

export interface CommandLoopOptions extends Accepting {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly node: NodeId;
  readonly publicKey: KeyObject;
  readonly epoch: { highest: number };
  readonly stops: StopOrders;
  readonly logger: Logger;
  readonly now: () => number;
}

/**
 * Takes this node's commands one at a time: verify, journal, acknowledge, start. Runs until the signal aborts; an
 * error (no connection, no consumer yet) is logged and tried again.
 */
export async function runCommandLoop(options: CommandLoopOptions, signal: AbortSignal): Promise<void> {
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

/** A pull cannot be taken back; one that is still open at the end is left to the closing connection. */
function untilAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const abort = () => resolve(null);
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

async function handle(message: JsMsg, options: CommandLoopOptions, signal: AbortSignal): Promise<void> {
  const { logger, epoch } = options;
  const opened = openCommand(message.data, {
    publicKey: options.publicKey,
    node: options.node,
    nowMs: options.now(),
    minEpoch: epoch.highest,
  });
  if (!opened.ok) {
    logger.warn({ why: opened.why, subject: message.subject }, "command dropped");
    // Without a reason: older servers ignore a TERM that has one, and the message would come back.
    message.term();
    return;
  }
  const { command } = opened;
  epoch.highest = Math.max(epoch.highest, command.epoch);
  const taken = await act(command, message, options);
  if (taken) await acknowledge(options.nc, message, signal);
  else message.nak(BUSY_RETRY_MS);
}

async function act(command: Command, message: JsMsg, options: CommandLoopOptions): Promise<boolean> {
  const { order } = command;
  if (order.verb === "cancel") {
    void cancelTrial(options.registry, order);
    return true;
  }
  if (order.verb === "stop") {
    void options.stops.stop(order.reason);
    return true;
  }
  // The rest comes on the fast path alone: late, it would be wrong.
  if (order.verb !== "run") return true;
  const signed = signedCommandSchema.parse(message.json());
  const outcome = await acceptRun(order, command.id, signed, options);
  options.logger.info({ trial: order.key.trial, attempt: order.key.attempt, outcome }, "run command");
  return outcome !== "busy";
}

/** By request until answered: a plain acknowledgement vanishes without an error while the link is down. */
async function acknowledge(nc: NatsConnection, message: JsMsg, signal: AbortSignal): Promise<void> {
  const reply = "reply" in message && typeof message.reply === "string" ? message.reply : "";
  while (!signal.aborted) {
    try {
      await nc.request(reply, "+ACK", { timeout: ACK_MS });
      return;
    } catch {
      await pause(RETRY_MS, signal);
    }
  }
}
