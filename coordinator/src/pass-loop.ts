import { pause, type Logger } from "@redline/daemon";
import type { Clock } from "./clock.ts";
import { isAborted } from "./is-aborted.ts";

/** Runs passes one at a time: soon after `wake`, and at least every `tickMs`. */
export class PassLoop {
  readonly #tickMs: number;
  readonly #clock: Clock;
  readonly #log: Logger;
  #wake: AbortController = new AbortController();

  constructor(tickMs: number, clock: Clock, log: Logger) {
    this.#tickMs = tickMs;
    this.#clock = clock;
    this.#log = log;
  }

  /** Something changed: the next pass starts when the present one is over. */
  wake(): void {
    this.#wake.abort();
  }

  /**
   * Runs until the signal aborts. A pass that fails is logged and follows again: each starts from what the
   * journal says. @param onStall this process stood still for long; what it did not hear meanwhile must not count.
   */
  async run(pass: () => Promise<void>, onStall: () => void, signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.wake(), { once: true });
    let lastMs = this.#clock.monoMs();
    while (!signal.aborted) {
      await pause(this.#tickMs, this.#wake.signal);
      this.#wake = new AbortController();
      if (isAborted(signal)) return;
      const nowMs = this.#clock.monoMs();
      if (nowMs - lastMs > this.#tickMs * 5 + 1000) onStall();
      lastMs = nowMs;
      try {
        await pass();
      } catch (error) {
        this.#log.error({ err: error }, "pass failed");
        await pause(this.#tickMs, signal);
      }
    }
  }
}
