import { JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream";
import type { JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import { z } from "zod";
import { buckets, coordinatorNameSchema, keys, kvSubject } from "@redline/shared";
import type { PairSecret } from "./pair-secret.ts";

/** Value of the one key in bucket `lead`. */
const leaderSchema = z.object({
  v: z.literal(1),
  name: coordinatorNameSchema,
  /** One start of that coordinator. */
  start: z.string().max(64),
  /** Grows by one with each change of the leader. */
  term: z.int().min(1),
  /** Wall time, for people. */
  at: z.string().max(40),
  /** The leader ended and left the place to whoever comes. */
  free: z.boolean(),
});
export type Leader = z.infer<typeof leaderSchema>;

/** What the key says, and which write of it that is (0: none). `leader` is null where no coordinator's write was seen yet. */
export interface LeaderSeen {
  readonly revision: number;
  readonly leader: Leader | null;
}

const STREAM = `KV_${buckets.lead}`;
const TIMEOUT_MS = 800;

/**
 * The key that says who leads. Written by compare-and-set only; read from the bucket's own leader, never from a copy that lags. A
 * value that no coordinator wrote is a new revision of what was known before, and says nothing else.
 */
export class LeaderKey {
  readonly #js: Pick<JetStreamClient, "publish">;
  readonly #jsm: Pick<JetStreamManager, "streams">;

  readonly #secret: PairSecret;
  readonly #subject: string;
  #known: Leader | null = null;

  constructor(
    js: Pick<JetStreamClient, "publish">,
    jsm: Pick<JetStreamManager, "streams">,
    secret: PairSecret,
  ) {
    this.#js = js;
    this.#jsm = jsm;
    this.#secret = secret;
    this.#subject = kvSubject(buckets.lead, keys.leader(secret.token));
  }

  /** @throws when the bucket cannot be read; a coordinator's value of another form is an error too: nobody may take over from it. */
  async read(): Promise<LeaderSeen> {
    const stored = await this.#jsm.streams.getMessage(STREAM, { last_by_subj: this.#subject });
    if (stored === null) return { revision: 0, leader: null };
    const value = this.#secret.open(stored.data);
    if (value !== null) this.#known = leaderSchema.parse(JSON.parse(value.toString("utf8")));
    return { revision: stored.seq, leader: this.#known };
  }

  /** @returns the new revision; null when the key is not at `revision` any more. @throws when it is not known what became of it. */
  async write(leader: Leader, revision: number): Promise<number | null> {
    try {
      const options = { expect: { lastSubjectSequence: revision }, timeout: TIMEOUT_MS };
      const value = this.#secret.seal(Buffer.from(JSON.stringify(leader)));
      const { seq } = await this.#js.publish(this.#subject, value, options);
      this.#known = leader;
      return seq;
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
