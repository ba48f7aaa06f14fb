import { Kvm, type KV } from "@nats-io/kv";
import { JetStreamApiCodes } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { z } from "zod";
import { buckets, keys, kvSubject, type TrialId, type TrialView } from "@redline/shared";
import { NotStoredError, type Logger, type StreamPublisher } from "@redline/daemon";
import type { Clock } from "./clock.ts";

const REST_MS = 1000;
const mirroredSchema = z.object({ epoch: z.int() });

/** Another coordinator with a higher term writes the same trials. */
export class FencedError extends Error {
  override readonly name = "FencedError";
}

/**
 * Shows trial states in KV `trial`, by compare-and-set only. A mirror for observers and a fence against a
 * second coordinator: nothing is read back from it as truth.
 */
export class TrialMirror {
  readonly #connection: NatsConnection;
  readonly #publisher: Pick<StreamPublisher, "publish">;
  readonly #epoch: number;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #onFenced: (error: FencedError) => void;
  readonly #revisions = new Map<TrialId, number>();
  readonly #written = new Map<TrialId, string>();
  readonly #busy = new Map<TrialId, Promise<void>>();
  #kv: KV | null = null;
  #restUntilMs = -Infinity;

  constructor(
    connection: NatsConnection,
    publisher: Pick<StreamPublisher, "publish">,
    epoch: number,
    clock: Clock,
    log: Logger,
    onFenced: (error: FencedError) => void,
  ) {
    this.#connection = connection;
    this.#publisher = publisher;
    this.#epoch = epoch;
    this.#clock = clock;
    this.#log = log;
    this.#onFenced = onFenced;
  }

  /** True when the bucket shows the trial as it is. */
  shows(trial: TrialView): boolean {
    return trial.attempts.length === 0 || this.#written.get(trial.trial) === this.#valueOf(trial);
  }

  /** Writes the trial's present state; never rejects. After a failure, calls do nothing for a second. */
  async sync(trial: TrialView): Promise<void> {
    while (this.#busy.has(trial.trial)) await this.#busy.get(trial.trial);
    if (this.shows(trial) || this.#clock.monoMs() < this.#restUntilMs) return;
    const writing = this.#write(trial.trial, this.#valueOf(trial))
      .catch((error: unknown) => {
        this.#restUntilMs = this.#clock.monoMs() + REST_MS;
        this.#log.warn({ err: error, trial: trial.trial }, "trial state is not mirrored yet");
      })
      .finally(() => this.#busy.delete(trial.trial));
    this.#busy.set(trial.trial, writing);
    await writing;
  }

  async #write(trial: TrialId, value: string): Promise<void> {
    try {
      await this.#put(trial, value, this.#revisions.get(trial) ?? 0);
    } catch (error) {
      if (!(error instanceof NotStoredError) || error.code !== JetStreamApiCodes.StreamWrongLastSequence)
        throw error;
      this.#kv ??= await new Kvm(this.#connection).open(buckets.trial);
      await this.#put(trial, value, await this.#revisionOf(this.#kv, trial));
    }
    this.#written.set(trial, value);
  }

  async #put(trial: TrialId, value: string, lastOnSubject: number): Promise<void> {
    const subject = kvSubject(buckets.trial, keys.trial(trial));
    const { seq } = await this.#publisher.publish(subject, value, { lastOnSubject });
    this.#revisions.set(trial, seq);
  }

  /** What is there is our own write whose answer was lost, a predecessor's, or that of somebody who must not be there. */
  async #revisionOf(kv: KV, trial: TrialId): Promise<number> {
    const entry = await kv.get(keys.trial(trial));
    if (entry === null) return 0;
    const there = mirroredSchema.safeParse(JSON.parse(entry.string()));
    if (there.success && there.data.epoch > this.#epoch) {
      const error = new FencedError(
        `trial ${trial} is held by a coordinator of term ${there.data.epoch}; this one is of term ${this.#epoch}`,
      );
      this.#onFenced(error);
      throw error;
    }
    return entry.revision;
  }

  #valueOf(trial: TrialView): string {
    const last = trial.attempts.at(-1);
    return JSON.stringify({
      v: 1,
      st: trial.state,
      attempt: last?.attempt ?? 0,
      epoch: this.#epoch,
      devices: last?.devices ?? null,
    });
  }
}
