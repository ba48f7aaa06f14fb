import type { Calibrated } from "./measure.ts";

/** A specimen by its folder's digest, and the weights in it that are served. */
export interface CalibrationKey {
  readonly sha256: string;
  readonly weights: readonly string[];
}

interface Asked {
  readonly result: Promise<Calibrated>;
  /** Of all who asked. */
  readonly signals: AbortSignal[];
}

/**
 * The calibrations of a daemon's life: each is measured when it is first asked for, then kept. One is measured at a time, so that one
 * slot is enough and no two models are held for it. A failure goes to all who wait for it and is not kept: the next
 * who asks measures again. None begins for callers that are all gone: it would build a cell that nobody wants.
 */
export class Calibrations<Job extends CalibrationKey> {
  readonly #measure: (job: Job, signal: AbortSignal) => Promise<Calibrated>;
  readonly #signal: AbortSignal;
  readonly #known = new Map<string, Asked>();
  #turn: Promise<unknown> = Promise.resolve();

  /** @param signal the daemon's: others may wait for what one attempt asked for, so no attempt ends a measurement. */
  constructor(measure: (job: Job, signal: AbortSignal) => Promise<Calibrated>, signal: AbortSignal) {
    this.#measure = measure;
    this.#signal = signal;
  }

  /** Rejects as the measurement does, or with the signal's reason when the caller no longer waits. */
  of(job: Job, signal: AbortSignal): Promise<Calibrated> {
    const key = JSON.stringify([job.sha256, job.weights]);
    let asked = this.#known.get(key);
    if (asked === undefined) {
      const signals = [signal];
      const forget = () => this.#known.delete(key);
      asked = { result: this.#inTurn(job, signals, forget), signals };
      this.#known.set(key, asked);
      asked.result.catch(forget);
    } else asked.signals.push(signal);
    return orAborted(asked.result, signal);
  }

  /** Resolves when nothing is being measured any more: its cell is gone. */
  async idle(): Promise<void> {
    await this.#turn;
  }

  #inTurn(job: Job, signals: readonly AbortSignal[], forget: () => void): Promise<Calibrated> {
    const measured = this.#turn.then(() => {
      this.#signal.throwIfAborted();
      if (signals.every(({ aborted }) => aborted)) {
        // At once: who asks from here on must not get this error.
        forget();
        throw new Error("nobody waits for this calibration any more");
      }
      return this.#measure(job, this.#signal);
    });
    this.#turn = measured.catch(() => undefined);
    return measured;
  }
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = () => reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
    signal.addEventListener("abort", aborted, { once: true });
    if (signal.aborted) aborted();
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", aborted));
  });
}
