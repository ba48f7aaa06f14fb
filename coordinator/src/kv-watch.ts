import { Kvm, KvWatchInclude } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import { pause, type Logger } from "@redline/daemon";
import type { Bus } from "./bus.ts";
import { isAborted } from "./is-aborted.ts";

const RETRY_MS = 250;

/**
 * Hands each new value of a bucket to `take`. What was there before is left out: a value's age is unknown,
 * so it says nothing about who is alive. The watch is made anew after each reconnect, since a restarted
 * server has forgotten it and the client would notice only seconds later. Ends when the signal aborts;
 * an error in setting up is logged and tried again, `take` must not throw.
 */
export async function watchBucket(
  connection: NatsConnection,
  bucket: string,
  take: (key: string, value: Uint8Array) => void,
  options: { readonly bus: Bus; readonly log: Logger; readonly signal: AbortSignal },
): Promise<void> {
  const { bus, log, signal } = options;
  while (!signal.aborted) {
    try {
      const kv = await new Kvm(connection).open(bucket);
      const values = await kv.watch({ include: KvWatchInclude.UpdatesOnly });
      const stop = () => values.stop();
      signal.addEventListener("abort", stop, { once: true });
      // It aborted while the watch was made: nobody would end it.
      if (isAborted(signal)) stop();
      const off = bus.onUp(stop);
      try {
        for await (const entry of values) if (entry.operation === "PUT") take(entry.key, entry.value);
      } finally {
        off();
        signal.removeEventListener("abort", stop);
      }
      // Made again only now: everyone's period starts when the watch is back, not when the link is.
      bus.restartPeriods();
    } catch (error) {
      if (!isAborted(signal)) log.warn({ err: error, bucket }, "cannot watch bucket; trying again");
      await pause(RETRY_MS, signal);
      bus.restartPeriods();
    }
  }
}
