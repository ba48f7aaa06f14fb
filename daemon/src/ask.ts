import { randomBytes } from "node:crypto";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { subjects, type BusName } from "@redline/shared";

/** Who asks whom, and on which subject. */
export interface AskRoute {
  /** The asker's own name on the bus: only answers to it can reach it. */
  readonly from: BusName;
  /** Who is to answer: nobody else may publish where the answer is waited for. */
  readonly to: BusName;
  readonly subject: string;
}

/**
 * One request to another daemon, answered on a subject that only the asked one may publish to.
 * @param timeoutMs more than 0
 * @throws RequestError at once when nobody listens there, TimeoutError, and the signal's reason when it aborts first.
 */
export async function ask(
  nc: NatsConnection,
  route: AskRoute,
  data: string | Uint8Array,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Msg> {
  signal?.throwIfAborted();
  // Random, so that nobody can have the server itself send something there in the time.
  const reply = subjects.answer(route.to, route.from, randomBytes(16).toString("hex"));
  // Without the shared inbox the client watches the named subject for "no responders" as well.
  const answer = nc.request(route.subject, data, {
    timeout: Math.max(1, Math.ceil(timeoutMs)),
    noMux: true,
    reply,
  });
  return signal === undefined ? answer : abortable(answer, signal);
}

function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
