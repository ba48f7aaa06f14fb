/** For liveness only: a machine may be ten times slower than most, or stand still for a while. */
export const PATIENCE_MS = 120_000;

/** Asks again until the answer is something other than null, undefined or false. @throws a timeout that names `what`, its cause the last error. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  timeoutMs = PATIENCE_MS,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== null && answer !== undefined && answer !== false) return answer;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Tries `check` until it does not throw, as an assertion does. */
export async function eventually<T>(
  what: string,
  check: () => T | Promise<T>,
  timeoutMs = PATIENCE_MS,
): Promise<T> {
  const { value } = await until(what, async () => ({ value: await check() }), timeoutMs);
  return value;
}
