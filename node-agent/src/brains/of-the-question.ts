import type { Answer, BrainRequest } from "./brain.ts";
import { BrainError } from "./brain-error.ts";

/** What a brain knows of its server from one question to the next. */
export interface Known {
  /** It has answered a question of this attempt. */
  answered: boolean;
}

type Attempt = (question: BrainRequest) => Promise<Answer>;

/** Any model takes it, and its answer is short. */
const SMALL: BrainRequest = { messages: [{ role: "user", content: "Answer with the word yes." }], tools: [] };

/**
 * Tells a server that is down from one that fails at this question. Some answer 5xx to what they cannot take (llama-server: a call
 * whose arguments are no JSON, in the history), and the history is the agent's. Where the server has answered before, failed at every
 * try, and answers a small question right after, the error is `refused`; what the small question used is in its `usage`.
 * @param tries the question's tries, each by the attempt that it is given.
 */
export async function orOfTheQuestion<T>(
  options: { readonly known: Known; readonly attempt: Attempt; readonly signal: AbortSignal },
  tries: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  const { known, attempt, signal } = options;
  let reached = true;
  try {
    return await tries(async (question) => {
      try {
        return await attempt(question);
      } catch (error) {
        // A rate limit says nothing of the question; it is waited out.
        if (!(error instanceof BrainError && (error.byServer || error.code === "rate_limited")))
          reached = false;
        throw error;
      }
    });
  } catch (error) {
    const failed = error instanceof BrainError && error.code === "unavailable" && reached;
    if (!failed || !known.answered || signal.aborted) throw error;
    const small = await attempt(SMALL).catch((cause: unknown) => {
      if (cause instanceof BrainError && cause.code === "aborted") throw cause;
      return null;
    });
    if (small === null) throw error;
    const { usage } = small;
    const { waitedMs } = error;
    const said = `the server fails at this question (${error.message}), and answers another`;
    throw new BrainError("refused", said, { cause: error, waitedMs, usage });
  }
}
