/** Tries `check` until it does not throw, at most `ms`; the last error is the test's, with `what` was waited for. */
export async function eventually<T>(
  what: string,
  check: () => T | Promise<T>,
  ms = 10_000,
  everyMs = 50,
): Promise<T> {
  const deadline = performance.now() + ms;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`${what}: not within ${ms} ms`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }
}
