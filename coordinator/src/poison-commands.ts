import type { JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import { consumers, streams, type TrialId } from "@redline/shared";
import { pause, type Logger } from "@redline/daemon";
import { z } from "zod";
import { mayRetry } from "./attempt-judge.ts";
import type { AttemptOrders } from "./attempt-orders.ts";
import type { JournalStore } from "./journal-store.ts";
import type { SetAside } from "./set-aside.ts";
import type { Turns } from "./turns.ts";

export interface PoisonPorts {
  readonly store: Pick<JournalStore, "state" | "commit">;
  readonly turns: Turns;
  readonly orders: Pick<AttemptOrders, "cancel" | "runSentAs">;
  /** The commands' stream. */
  readonly commands: {
    /** Null where it is gone. */
    read(seq: number): Promise<{ readonly subject: string; readonly data: Uint8Array } | null>;
    remove(seq: number): Promise<void>;
  };
  readonly setAside: Pick<SetAside, "take">;
  readonly log: Logger;
}

/** What the server says of a message that no consumer took; other fields are its own business. */
const advisorySchema = z.object({
  type: z.string(),
  stream: z.literal(streams.commands),
  consumer: z.string().max(200),
  stream_seq: z.int().min(1),
  deliveries: z.int().optional(),
});

/**
 * Commands that their node never takes: delivered as often as the consumer allows, or given up unread. Such an attempt ends at once as
 * `command-undelivered`, without the wait for its acceptance; what the server still keeps of the message is set aside and removed.
 */
export class PoisonCommands {
  readonly #ports: PoisonPorts;

  constructor(ports: PoisonPorts) {
    this.#ports = ports;
  }

  /** Runs until the signal aborts; a failed fetch is tried again for ever, and an advisory counts as read when it was acted on. */
  async run(js: JetStreamClient, signal: AbortSignal): Promise<void> {
    while (!signal.aborted)
      try {
        const consumer = await js.consumers.get(streams.advisories, consumers.advisories);
        while (!isOver(signal)) {
          const batch = await consumer.fetch({ max_messages: 50, expires: FETCH_MS });
          const stop = () => batch.stop();
          signal.addEventListener("abort", stop, { once: true });
          for await (const message of batch) {
            await this.take(message.data);
            message.ack();
          }
          signal.removeEventListener("abort", stop);
        }
      } catch (error) {
        if (!isOver(signal)) this.#ports.log.warn({ err: error }, "cannot fetch advisories; trying again");
        await pause(RETRY_MS, signal);
      }
  }

  /** Takes one advisory of the server; safe to repeat. */
  async take(data: Uint8Array): Promise<void> {
    const advisory = readAdvisory(data);
    if (advisory === null) this.#ports.log.warn("an advisory on commands cannot be read");
    else await this.#act(advisory, LOOKS);
  }

  async #act(advisory: z.infer<typeof advisorySchema>, looks: number): Promise<void> {
    const { commands, orders, setAside, log } = this.#ports;
    const { stream_seq: seq, consumer, deliveries = 0 } = advisory;
    const terminated = advisory.type.endsWith(".terminated");
    const run = orders.runSentAs(seq);
    // An old order that a node gave up says nothing: a newer one of its attempt counts, or the attempt is over.
    // Or the node was faster than the stream's answer to us, which tells the message's number: looked at again for a moment.
    if (terminated && run === null) {
      const again = () =>
        void this.#act(advisory, looks - 1).catch((error: unknown) =>
          log.error({ err: error, seq }, "a command that was given up could not be dealt with"),
        );
      if (looks > 1) setTimeout(again, LOOK_MS).unref();
      return;
    }
    const why = terminated
      ? `${nodeOf(consumer)} gave its command up unread: its log says why`
      : `${nodeOf(consumer)} was given its command ${deliveries} times and never took it`;
    const message = await commands.read(seq);
    setAside.take({
      what: "command",
      why: run === null ? why : `${why}; of ${run.trial}, attempt ${run.attempt}`,
      subject: message?.subject ?? `${streams.commands} message ${seq}`,
      data: message?.data,
    });
    if (run !== null) await this.#end(run.trial, run.attempt, why);
    if (message !== null) await commands.remove(seq);
  }

  async #end(id: TrialId, number: number, detail: string): Promise<void> {
    const { store, turns, orders, log } = this.#ports;
    await turns.take(async () => {
      const trial = store.state.trials.get(id);
      const attempt = trial?.attempts.at(-1);
      const study = trial === undefined ? undefined : store.state.studies.get(trial.study);
      // Accepted after all, or over: the message alone was the trouble.
      if (trial?.state !== "placed" || attempt?.attempt !== number || study === undefined) return;
      const fault = "command-undelivered";
      const retry = mayRetry(fault, attempt, study.definition.maxAttempts);
      const key = { trial: id, attempt: number, epoch: attempt.epoch };
      await store.commit({ kind: "invalid", key, fault, detail, retry });
      orders.cancel(trial, attempt, `${fault}: ${detail}`);
      log.warn({ study: study.id, trial: id, attempt: number, fault, detail, retry }, "attempt is invalid");
    });
  }
}

/** The commands' stream, as the server keeps it. A message that was taken meanwhile is none. */
export const commandsStream = (jsm: JetStreamManager): PoisonPorts["commands"] => ({
  read: async (seq) => (await jsm.streams.getMessage(streams.commands, { seq }).catch(() => null)) ?? null,
  remove: async (seq) => {
    await jsm.streams.deleteMessage(streams.commands, seq, false).catch(() => false);
  },
});

const LOOKS = 20;
const LOOK_MS = 250;
const FETCH_MS = 5000;
const RETRY_MS = 1000;

function readAdvisory(data: Uint8Array): z.infer<typeof advisorySchema> | null {
  try {
    return advisorySchema.parse(JSON.parse(Buffer.from(data).toString("utf8")));
  } catch {
    return null;
  }
}

/** The signal aborts between two looks at it. */
const isOver = (signal: AbortSignal) => signal.aborted;
const nodeOf = (consumer: string) => consumer.replace(/^n-/, "");
