import type { KeyObject } from "node:crypto";
import type { NatsConnection } from "@nats-io/transport-node";
import { openCommand, subjects, type NodeId } from "@redline/shared";
import type { Logger } from "@redline/daemon";
import type { Registry } from "../attempts/registry.ts";
import { cancelTrial, stopAll } from "./orders.ts";

/**
 * The fast path for cancel and stop: signed like every command, answered when what it ends is gone. The
 * durable queue carries the same order, so a node that was cut off still gets it.
 */
export function serveControl(options: {
  nc: NatsConnection;
  node: NodeId;
  registry: Registry;
  publicKey: KeyObject;
  epoch: { highest: number };
  now: () => number;
  logger: Logger;
}): void {
  const { nc, node, registry, logger } = options;
  for (const subject of [subjects.control(node), subjects.controlAll])
    nc.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) return;
        const opened = openCommand(message.data, {
          publicKey: options.publicKey,
          node,
          nowMs: options.now(),
          minEpoch: options.epoch.highest,
        });
        if (!opened.ok || (opened.command.order.verb !== "stop" && opened.command.order.verb !== "cancel")) {
          logger.warn(
            { why: opened.ok ? "run belongs on the queue" : opened.why },
            "control message dropped",
          );
          return;
        }
        const { order } = opened.command;
        const work = order.verb === "stop" ? stopAll(registry, order.reason) : cancelTrial(registry, order);
        work
          .then((ended) => message.respond(JSON.stringify({ v: 1, node, ended, running: registry.inUse })))
          .catch((cause: unknown) => logger.warn({ err: cause }, "control message not answered"));
      },
    });
}
