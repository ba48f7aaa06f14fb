import { SshError } from "./ssh-error.ts";

/**
 * A counting gate in front of the server's MaxSessions: sshd refuses a channel too many with a bare
 * "open failed", so calls wait here instead. First come, first served.
 */
export class ChannelSlots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Resolves with the function that gives the slot back (safe to call twice). Rejects when `signal` aborts. */
  async take(signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) throw new SshError("aborted");
    if (this.#free > 0) this.#free -= 1;
    else await this.#wait(signal);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    };
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = () => {
        signal.removeEventListener("abort", stop);
        resolve();
      };
      const stop = () => {
        const at = this.#waiting.indexOf(go);
        if (at >= 0) this.#waiting.splice(at, 1);
        reject(new SshError("aborted", "while waiting for a channel"));
      };
      this.#waiting.push(go);
      signal.addEventListener("abort", stop, { once: true });
    });
  }
}
