/** Asks again: the compiler believes that a signal which was not aborted before an `await` is not aborted after it. */
export const isAborted = (signal: AbortSignal): boolean => signal.aborted;
