/**
 * Aborts on the first SIGTERM or SIGINT (drain and end), ends the process on the second with the
 * signal's code. Returns the signal which everything long-lived hangs on.
 */
export function abortOnSignals(onFirst?: (signal: string) => void): AbortSignal {
  const controller = new AbortController();
  const codes = { SIGTERM: 143, SIGINT: 130 } as const;
  for (const [name, code] of [
    ["SIGTERM", codes.SIGTERM],
    ["SIGINT", codes.SIGINT],
  ] as const)
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(code);
      controller.abort(new Error(name));
      onFirst?.(name);
    });
  return controller.signal;
}

/** Resolves after `ms` or at once when the signal aborts; never rejects. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
  });
}

/** Runs `step` again and again until the signal aborts; an error is reported and the loop goes on after `everyMs`. */
export async function everyUntil(
  signal: AbortSignal,
  everyMs: number,
  step: () => Promise<void>,
  onError: (error: unknown) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await step();
    } catch (error) {
      onError(error);
    }
    await pause(everyMs, signal);
  }
}
