import { JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream";
import type { JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import { z } from "zod";
import { buckets, coordinatorNameSchema, kvSubject } from "@redline/shared";

/** Value of key `leader` in bucket `lead`. */
const leaderSchema = z.object({
  v: z.literal(1),
  name: coordinatorNameSchema,
  /** One start of that coordinator. */
  start: z.string().max(64),
  /** Grows by one with each change of the leader. */
  term: z.int().min(1),
  /** Wall time, for people. */
  at: z.string().max(40),
  /** Key that it signs commands with: both of a pair must have the same. */
  keyid: z.string().max(100),
  /** The leader ended and left the place to whoever comes. */
  free: z.boolean(),
});
export type Leader = z.infer<typeof leaderSchema>;

/** What the key says, and which write of it that is; `leader` is null before the first. */
export interface LeaderSeen {
  readonly revision: number;
  readonly leader: Leader | null;
}

const SUBJECT = kvSubject(buckets.lead, "leader");
const STREAM = `KV_${buckets.lead}`;
const TIMEOUT_MS = 800;

/** The key that says who leads. Written by compare-and-set only; read from the bucket's own leader, never from a copy that lags. */
export class LeaderKey {
  readonly #js: Pick<JetStreamClient, "publish">;
  readonly #jsm: Pick<JetStreamManager, "streams">;

  constructor(js: Pick<JetStreamClient, "publish">, jsm: Pick<JetStreamManager, "streams">) {
    this.#js = js;
    this.#jsm = jsm;
  }

  /** @throws when the bucket cannot be read; an unreadable value is an error too, for nobody may take over from it. */
  async read(): Promise<LeaderSeen> {
    const stored = await this.#jsm.streams.getMessage(STREAM, { last_by_subj: SUBJECT });
    if (stored === null) return { revision: 0, leader: null };
    return { revision: stored.seq, leader: leaderSchema.parse(JSON.parse(stored.string())) };
  }

  /** @returns the new revision; null when the key is not at `revision` any more. @throws when it is not known what became of it. */
  async write(leader: Leader, revision: number): Promise<number | null> {
    try {
      const options = { expect: { lastSubjectSequence: revision }, timeout: TIMEOUT_MS };
      return (await this.#js.publish(SUBJECT, JSON.stringify(leader), options)).seq;
    } catch (error) {
      if (error instanceof JetStreamApiError && WRONG_LAST.includes(error.code)) return null;
      throw error;
    }
  }
}

const WRONG_LAST: readonly number[] = [
  JetStreamApiCodes.StreamWrongLastSequence,
  JetStreamApiCodes.StreamWrongLastSequenceUnknown,
];
