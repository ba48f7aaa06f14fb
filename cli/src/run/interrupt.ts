/** Where signals come from: `process`, or an emitter in tests. */
export interface SignalSource {
  on(name: string, listener: () => void): unknown;
  off(name: string, listener: () => void): unknown;
}

/** A closed terminal and a service manager mean the same as Ctrl-C. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

export interface Interrupt extends Disposable {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
}

/** Calls `first` at the first signal, from within the handler and so at once, and `again` at each later one. */
export function watchInterrupts(source: SignalSource, first: () => void, again: () => void): Interrupt {
  const controller = new AbortController();
  const handler = () => {
    if (controller.signal.aborted) {
      again();
      return;
    }
    first();
    controller.abort(new Error("interrupted"));
  };
  for (const name of SIGNALS) source.on(name, handler);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const name of SIGNALS) source.off(name, handler);
    },
  };
}
