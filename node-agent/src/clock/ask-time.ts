import { randomBytes, type KeyObject } from "node:crypto";
import type { NatsConnection } from "@nats-io/transport-node";
import { COORDINATOR, openTime, subjects, type NodeId, type TimeRequest } from "@redline/shared";
import type { ClockSample } from "./coordinator-clock.ts";

const ANSWER_MS = 2000;

export interface AskTimePorts {
  readonly nc: NatsConnection;
  readonly node: NodeId;
  readonly publicKey: KeyObject;
  /** Our monotonic clock, ms. */
  readonly nowMs: () => number;
}

/**
 * One question for the coordinator's clock, whichever coordinator leads. Null when no genuine answer came in time, which is no fault:
 * the next question follows.
 */
export async function askTime(
  { nc, node, publicKey, nowMs }: AskTimePorts,
  timeoutMs: number = ANSWER_MS,
): Promise<ClockSample | null> {
  // Random: an answer of before can be no answer to this.
  const id = randomBytes(16).toString("hex");
  const request: TimeRequest = { v: 1, id };
  const answers = nc.subscribe(subjects.answerOfAny(node, id));
  const timer = setTimeout(() => answers.unsubscribe(), timeoutMs);
  try {
    const sentMs = nowMs();
    nc.publish(subjects.time(node), JSON.stringify(request), {
      reply: subjects.answer(COORDINATOR, node, id),
    });
    for await (const message of answers) {
      const takenMs = nowMs();
      // Empty: nobody listens just now.
      if (message.data.length === 0) return null;
      const answer = openTime(message.data, { publicKey, node, id });
      if (answer !== null) return sampleOf(answer, sentMs, takenMs);
    }
    return null;
  } finally {
    clearTimeout(timer);
    answers.unsubscribe();
  }
}

/** NTP's formula: what the coordinator took itself is no part of the round trip; the error is half of what is left. */
export function sampleOf(
  { epoch, t1Ms, t2Ms }: { readonly epoch: number; readonly t1Ms: number; readonly t2Ms: number },
  sentMs: number,
  takenMs: number,
): ClockSample {
  const roundMs = Math.max(0, takenMs - sentMs - (t2Ms - t1Ms));
  return { epoch, offsetMs: (t1Ms - sentMs + (t2Ms - takenMs)) / 2, errorMs: roundMs / 2, takenMs };
}
