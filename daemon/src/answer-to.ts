import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { answerParts, subjects, type BusName } from "@redline/shared";

/** Sends the answer to one request. */
export type Answer = (data: string | Uint8Array) => void;

/**
 * How a request is answered, or null when it must not be: the server checks the reply subject of a request against
 * nobody's rights, so a responder answers only where this very asker waits for this very responder.
 * @param by the responder's own name
 * @param isAsker whether this name may have asked: the one in the request's subject, or any coordinator
 */
export function answerTo(
  nc: Pick<NatsConnection, "publish">,
  message: Pick<Msg, "reply">,
  by: BusName,
  isAsker: (name: string) => boolean,
): Answer | null {
  const { reply } = message;
  if (reply === undefined) return null;
  const parts = answerParts(reply);
  if (parts === null || parts.by !== by || !isAsker(parts.to)) return null;
  return (data) => nc.publish(reply, data);
}

/** Stands for "whoever hears it" in the reply subject of a request to all nodes; no daemon has this name. */
export const EVERYONE = "all";

/** As {@link answerTo}, for a request to all: each responder puts its own name in the place of "all". */
export function answerToAll(
  nc: Pick<NatsConnection, "publish">,
  message: Pick<Msg, "reply">,
  by: BusName,
  asker: (name: string) => BusName | null,
): Answer | null {
  const parts = message.reply === undefined ? null : answerParts(message.reply);
  const to = parts?.by === EVERYONE ? asker(parts.to) : null;
  if (parts === null || to === null) return null;
  const subject = subjects.answer(by, to, parts.id);
  return (data) => nc.publish(subject, data);
}
