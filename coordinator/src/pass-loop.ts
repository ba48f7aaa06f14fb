import { setImmediate } from "node:timers/promises";
import { pause, type Logger } from "@redline/daemon";
import type { Clock } from "./clock.ts";
import { isAborted } from "./is-aborted.ts";

/** Runs passes one at a time: at once after `wake`, and at least every `tickMs`. */
export class PassLoop {
  readonly #tickMs: number;
  readonly #clock: Clock;
  readonly #log: Logger;
  #woken = false;
  #wake: () => void = () => undefined;

  constructor(tickMs: number, clock: Clock, log: Logger) {
    this.#tickMs = tickMs;
    this.#clock = clock;
    this.#log = log;
  }

  /** Something changed: the next pass starts when the present one is over. */
  wake(): void {
    this.#woken = true;
    this.#wake();
  }

  /**
   * Runs until the signal aborts. A pass that fails is logged and follows again: each starts from what the
   * journal says. @param onStall this process stood still for long; what it did not hear meanwhile must not count.
   */
  async run(pass: () => Promise<void>, onStall: () => void, signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.wake(), { once: true });
    let lastMs = this.#clock.monoMs();
    while (!signal.aborted) {
      await this.#tick();
      // Records of one write are applied one after another: the pass is to see all of them.
      await setImmediate();
      this.#woken = false;
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

  /** Resolves when somebody wakes, or after a tick. */
  #tick(): Promise<void> {
    if (this.#woken) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#tickMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
