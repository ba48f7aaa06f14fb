import type { Answer, BrainReply, BrainRequest } from "./brain.ts";
import { BrainError } from "./brain-error.ts";
import { withinContext, type OverflowPolicy } from "./drop-oldest.ts";
import { orOfTheQuestion, type Known } from "./of-the-question.ts";
import type { Stopwatch } from "./stopwatch.ts";
import { withRetries, type RetryPolicy } from "./with-retries.ts";

/**
 * One question to a model: by the overflow policy, tried again where that can help. A server that fails at this question alone, each
 * time, has refused it.
 * @param known of the brain's server; kept by the brain.
 * @param once one try; what it throws and is no `BrainError` was an answer that could not be read.
 */
export function askPatiently(
  policy: RetryPolicy & { readonly overflow?: OverflowPolicy | undefined },
  known: Known,
  asked: {
    readonly request: BrainRequest;
    readonly signal: AbortSignal;
    readonly waits?: Stopwatch | undefined;
  },
  once: (request: BrainRequest) => Promise<Answer>,
): Promise<BrainReply> {
  const { request, signal, waits } = asked;
  const attempt = async (question: BrainRequest): Promise<Answer> => {
    if (signal.aborted) throw new BrainError("aborted", "the request was stopped");
    try {
      return await once(question);
    } catch (cause) {
      if (cause instanceof BrainError) throw cause;
      throw new BrainError("bad_reply", "the answer could not be read", { cause });
    }
  };
  return withinContext(policy.overflow ?? "drop-oldest", request, async (question) => {
    const { value, waitedMs } = await orOfTheQuestion({ known, attempt, signal }, (seen) =>
      withRetries(policy, signal, () => seen(question), waits),
    );
    known.answered = true;
    return { ...value, waitedMs };
  });
}
