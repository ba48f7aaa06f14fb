import { randomBytes } from "node:crypto";
import { headers, type Msg, type MsgHdrs, type NatsConnection } from "@nats-io/transport-node";
import { z } from "zod";
import { inboxPrefixOf } from "./nats.ts";

/** Where a message is on its stream; `duplicate`: an earlier one of the same id is, and this one was not stored. */
export interface Stored {
  readonly seq: number;
  readonly duplicate: boolean;
}

/** What makes the server refuse a message, or take it for one that it has. */
export interface Conditions {
  /** One that the stream had within its window is not stored again. */
  readonly msgId?: string;
  /** Number of the newest message on this very subject, 0 for none: another one there refuses this. */
  readonly lastOnSubject?: number;
}

/** The server said that it does not store a message. */
export class NotStoredError extends Error {
  override readonly name = "NotStoredError";
  /** JetStream's own, as `JetStreamApiCodes` has them; 0 when it gave none. */
  readonly code: number;

  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

const answerSchema = z.union([
  z.object({ error: z.object({ description: z.string(), err_code: z.int().default(0) }) }),
  z.object({ seq: z.int(), duplicate: z.boolean().default(false) }),
]);

interface Waiting {
  readonly resolve: (answer: Msg) => void;
  readonly reject: (error: Error) => void;
  /** By `performance.now`. */
  readonly deadline: number;
}

/** How often it is looked for messages whose answer did not come, ms. */
const LOOK_MS = 100;

/**
 * Publishes messages whose being stored is answered, many in flight at once, over one subscription. The client's own requests make two
 * promises, a timer and an error with its stack for each, which is most of what a small message costs.
 */
export class StreamPublisher {
  readonly #nc: NatsConnection;
  readonly #timeoutMs: number;
  /** Random, so that nobody can have the server itself send an answer here. */
  readonly #inbox: string;
  /** In the order of their deadlines. */
  readonly #waiting = new Map<string, Waiting>();
  #next = 0;
  #looking: NodeJS.Timeout | undefined;

  /**
   * @param name whose connection it is: answers come to its own inbox.
   * @param timeoutMs how long an answer is waited for.
   */
  constructor(nc: NatsConnection, name: string, timeoutMs: number) {
    this.#nc = nc;
    this.#timeoutMs = timeoutMs;
    this.#inbox = `${inboxPrefixOf(name)}.${randomBytes(16).toString("hex")}.`;
    nc.subscribe(`${this.#inbox}*`, { callback: (error, message) => this.#answered(error, message) });
  }

  /**
   * Resolves when the message is on its stream.
   * @throws NotStoredError when the stream refuses; others when it may not be there: no answer in time, no stream that takes it.
   */
  async publish(subject: string, data: string | Uint8Array, conditions: Conditions = {}): Promise<Stored> {
    const answer = answerSchema.parse((await this.ask(subject, data, headersOf(conditions))).json());
    if (!("error" in answer)) return answer;
    const { description, err_code: code } = answer.error;
    throw new NotStoredError(`${subject} was not stored: ${description}`, code);
  }

  /** One message, and whatever the server answers to it. @throws when no answer comes in time, or nobody listens there. */
  ask(subject: string, data: string | Uint8Array, head?: MsgHdrs): Promise<Msg> {
    const token = (this.#next++).toString(36);
    return new Promise((resolve, reject) => {
      const reply = `${this.#inbox}${token}`;
      this.#nc.publish(subject, data, head === undefined ? { reply } : { reply, headers: head });
      this.#waiting.set(token, { resolve, reject, deadline: performance.now() + this.#timeoutMs });
      this.#look();
    });
  }

  #answered(error: Error | null, message: Msg): void {
    if (error !== null) {
      this.#giveUp(() => true, error.message);
      return;
    }
    const token = message.subject.slice(this.#inbox.length);
    const waiting = this.#waiting.get(token);
    this.#waiting.delete(token);
    if (message.headers?.code === 503) waiting?.reject(new Error("no stream takes this: 503"));
    else waiting?.resolve(message);
  }

  /** Looks again and again as long as something waits. */
  #look(): void {
    if (this.#looking !== undefined || this.#waiting.size === 0) return;
    this.#looking = setTimeout(() => {
      this.#looking = undefined;
      const now = performance.now();
      const why = this.#nc.isClosed() ? "the connection is closed" : "the server did not answer in time";
      this.#giveUp(({ deadline }) => deadline <= now || this.#nc.isClosed(), why);
      this.#look();
    }, LOOK_MS);
  }

  /** From the oldest on, as long as it is due. */
  #giveUp(due: (waiting: Waiting) => boolean, why: string): void {
    for (const [token, waiting] of this.#waiting) {
      if (!due(waiting)) return;
      this.#waiting.delete(token);
      waiting.reject(new Error(why));
    }
  }
}

function headersOf({ msgId, lastOnSubject }: Conditions): MsgHdrs | undefined {
  if (msgId === undefined && lastOnSubject === undefined) return undefined;
  const head = headers();
  if (msgId !== undefined) head.set("Nats-Msg-Id", msgId);
  if (lastOnSubject !== undefined) head.set("Nats-Expected-Last-Subject-Sequence", `${lastOnSubject}`);
  return head;
}
