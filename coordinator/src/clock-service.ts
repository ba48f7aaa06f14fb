import type { KeyObject } from "node:crypto";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import {
  nodeIdSchema,
  signTime,
  subjects,
  timeRequestSchema,
  type CoordinatorName,
  type NodeId,
} from "@redline/shared";
import type { Logger } from "@redline/daemon";
import type { Clock } from "./clock.ts";

export interface ClockServicePorts {
  readonly connection: Pick<NatsConnection, "subscribe" | "publish">;
  readonly name: CoordinatorName;
  readonly key: KeyObject;
  readonly epoch: number;
  readonly enrolled: ReadonlySet<NodeId>;
  readonly clock: Pick<Clock, "monoMs">;
  readonly log: Logger;
}

/**
 * Answers the nodes' questions for this term's monotonic clock until the signal aborts. The answer goes to the node that the question's
 * subject names, whatever reply subject came with it, and is signed: the age of commands is judged by it.
 */
export function serveTime(ports: ClockServicePorts, signal: AbortSignal): void {
  const { connection, log } = ports;
  const questions = connection.subscribe(subjects.allTimes, {
    callback: (error, message) => {
      if (error !== null) return;
      const t1Ms = ports.clock.monoMs();
      try {
        answer(message, t1Ms, ports);
      } catch (cause) {
        log.warn({ err: cause }, "a question for the clock was not answered");
      }
    },
  });
  signal.addEventListener("abort", () => questions.unsubscribe(), { once: true });
}

function answer(
  message: Msg,
  t1Ms: number,
  { connection, name, key, epoch, enrolled, clock, log }: ClockServicePorts,
): void {
  const node = nodeIdSchema.safeParse(message.subject.split(".").at(-1));
  const request = timeRequestSchema.safeParse(readJson(message.data));
  if (!node.success || !enrolled.has(node.data) || !request.success) {
    log.debug({ subject: message.subject }, "no question for the clock");
    return;
  }
  const { id } = request.data;
  const said = signTime({ node: node.data, id, epoch, t1Ms, t2Ms: clock.monoMs() }, key);
  connection.publish(subjects.answer(name, node.data, id), said);
}

function readJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(data).toString("utf8"));
  } catch {
    return undefined;
  }
}
