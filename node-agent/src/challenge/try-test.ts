import type { Step } from "./step.ts";

/**
 * Runs a test of one claim. What the instrument could not do is a test that did not run, recorded under the claim's name and
 * never held against the copy; a cancelled attempt and a fault of the cell go on their way.
 */
export async function tryTest<T>(
  { watch, signal }: Pick<Step, "watch" | "signal">,
  claim: string,
  test: () => Promise<T>,
): Promise<T | null> {
  try {
    return await test();
  } catch (error) {
    signal.throwIfAborted();
    await watch.untested(claim, error instanceof Error ? error.message : String(error));
    return null;
  }
}
