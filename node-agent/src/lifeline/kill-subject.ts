import type { KeyObject } from "node:crypto";
import type { NatsConnection } from "@nats-io/transport-node";
import { coordinatorNameSchema, openKill, subjects, type NodeId } from "@redline/shared";
import { answerToAll, type Logger } from "@redline/daemon";
import { OnceById } from "../dispatch/once-by-id.ts";
import type { Killed, KillSwitch } from "./kill.ts";

/** Listens on the kill subject: signed by the coordinator's key, and no coordinator needed. Answers with what it ended. */
export function serveKills(options: {
  nc: NatsConnection;
  node: NodeId;
  publicKey: KeyObject;
  kills: Pick<KillSwitch, "kill">;
  /** Wall time, ms. */
  now: () => number;
  logger: Logger;
}): void {
  const { nc, node, publicKey, kills, now, logger } = options;
  // The same bytes again, within the ten minutes that they hold, must not kill a node that was cleared meanwhile.
  const once = new OnceById<Killed>();
  nc.subscribe(subjects.kill, {
    callback: (error, message) => {
      if (error !== null) return;
      const kill = openKill(message.data, { publicKey, nowMs: now() });
      if (kill === null) {
        logger.warn(
          { subject: message.subject },
          "a message on the kill subject is no kill that is valid now",
        );
        return;
      }
      const send = answerToAll(
        nc,
        message,
        node,
        (name) => coordinatorNameSchema.safeParse(name).data ?? null,
      );
      // Made of the signed content: a signature may be spelled in several ways.
      once
        .of(JSON.stringify(kill), () => kills.kill("kill-subject", () => `${kill.who}: ${kill.why}`))
        .then(({ cells, tookMs }) => send?.(JSON.stringify({ v: 1, node, cells, tookMs })))
        .catch((cause: unknown) => logger.warn({ err: cause }, "a kill was not answered"));
    },
  });
}
