import type { NatsConnection } from "@nats-io/transport-node";
import { pause, type Logger } from "@redline/daemon";
import type { ClockSample, CoordinatorClock } from "./coordinator-clock.ts";

const EVERY_MS = 10_000;
const RETRY_MS = 1000;

export interface FollowClockPorts {
  readonly clock: CoordinatorClock;
  /** Asks once; null where nobody answered. Rejects while the connection is closed. */
  readonly ask: () => Promise<ClockSample | null>;
  /** Aborts its wait: something says that the clock must be asked for anew. */
  readonly hurry: ClockHurry;
  readonly logger: Logger;
}

/** Lets others cut the wait for the next question short: after a reconnect, at the first word of a new term. */
export class ClockHurry {
  #wake = new AbortController();

  now(): void {
    this.#wake.abort();
  }

  /** Waits `ms`, or until somebody is in a hurry. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    await pause(ms, AbortSignal.any([signal, this.#wake.signal]));
    if (this.#wake.signal.aborted) this.#wake = new AbortController();
  }
}

/** Asks at once, then every ten seconds, sooner where nobody answered, until the signal aborts. A failure is the next question's work. */
export async function followClock(
  { clock, ask, hurry, logger }: FollowClockPorts,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const sample = await ask().catch((error: unknown) => {
      logger.debug({ err: error }, "the coordinator's clock could not be asked for");
      return null;
    });
    if (sample !== null) {
      const first = clock.epoch !== sample.epoch;
      clock.take(sample);
      if (first)
        logger.info(
          { epoch: sample.epoch, offsetMs: sample.offsetMs, errorMs: sample.errorMs },
          "the coordinator's clock is known",
        );
    }
    await hurry.wait(sample === null ? RETRY_MS : EVERY_MS, signal);
  }
}

/** What was measured before an outage may be of another coordinator. Ends when the connection is closed. */
export async function hurryOnReconnect(
  nc: Pick<NatsConnection, "status">,
  hurry: Pick<ClockHurry, "now">,
): Promise<void> {
  for await (const { type } of nc.status()) if (type === "reconnect") hurry.now();
}
