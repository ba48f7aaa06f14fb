/** Open at first; while it is closed, who comes waits. */
export class Valve {
  #opened: { readonly promise: Promise<void>; readonly resolve: () => void } | null = null;

  get closed(): boolean {
    return this.#opened !== null;
  }

  close(): void {
    if (this.#opened !== null) return;
    let resolve: () => void = () => undefined;
    const promise = new Promise<void>((done) => {
      resolve = done;
    });
    this.#opened = { promise, resolve };
  }

  open(): void {
    this.#opened?.resolve();
    this.#opened = null;
  }

  /** Resolves while it is open; looks again after each opening, since it may be closed by then. Rejects with the signal's reason. */
  async passed(signal: AbortSignal): Promise<void> {
    while (this.#opened !== null) {
      signal.throwIfAborted();
      const { promise } = this.#opened;
      await new Promise<void>((resolve, reject) => {
        const onAbort = () => reject(signal.reason instanceof Error ? signal.reason : new Error("ended"));
        signal.addEventListener("abort", onAbort, { once: true });
        void promise.then(() => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        });
      });
    }
    signal.throwIfAborted();
  }
}
