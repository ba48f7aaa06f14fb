import { RequestError, type NatsConnection } from "@nats-io/transport-node";
import type { z } from "zod";
import { subjects, type NodeId, type PeerVerb } from "@redline/shared";
import { ask, pause } from "@redline/daemon";
import { AttemptFault } from "../attempts/attempt-fault.ts";
import { faultSchema } from "@redline/shared";

const RETRY_MS = 1000;

type Reply = { ok: true } | { ok: false; fault: string; why: string };

/**
 * One step asked of the target's daemon. Steps are idempotent there, so what may be lost is asked again: a request that goes out
 * while the bus is away is lost without an error.
 * @param options.timeoutMs for all of it; `tryMs`: how long one request is waited for before the next
 * @throws AttemptFault with the peer's own fault, or peer-unreachable.
 */
export async function askPeer<T extends Reply>(
  nc: NatsConnection,
  route: { from: NodeId; to: NodeId; verb: PeerVerb },
  body: unknown,
  replySchema: z.ZodType<T>,
  options: { timeoutMs: number; tryMs: number; signal: AbortSignal },
): Promise<Extract<T, { ok: true }>> {
  const subject = subjects.peer(route.from, route.to, route.verb);
  let last: unknown;
  const deadline = performance.now() + options.timeoutMs;
  while (performance.now() < deadline) {
    options.signal.throwIfAborted();
    const timeout = Math.max(1, Math.min(options.tryMs, deadline - performance.now()));
    try {
      const message = await ask(nc, { ...route, subject }, JSON.stringify(body), timeout, options.signal);
      const reply = replySchema.parse(message.json());
      if (isOk(reply)) return reply;
      const fault = faultSchema.safeParse(!reply.ok ? reply.fault : "");
      throw new AttemptFault(
        fault.success ? fault.data : "unexpected",
        `${route.to}: ${!reply.ok ? reply.why : ""}`,
      );
    } catch (error) {
      if (error instanceof AttemptFault || options.signal.aborted) throw error;
      last = error;
      const quick = error instanceof RequestError;
      await pause(quick ? RETRY_MS : 0, options.signal);
    }
  }
  throw new AttemptFault(
    "peer-unreachable",
    `${route.to} did not answer ${route.verb}: ${last instanceof Error ? last.message : "no reply"}`,
    { cause: last },
  );
}

function isOk<T extends Reply>(reply: T): reply is Extract<T, { ok: true }> {
  return reply.ok;
}
