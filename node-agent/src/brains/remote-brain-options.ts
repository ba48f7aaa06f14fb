import type { RetryPolicy } from "./with-retries.ts";

/** What providers over HTTP have in common. */
export interface RemoteBrainOptions extends RetryPolicy {
  readonly baseUrl: string;
  readonly model: string;
  /** For one try. */
  readonly timeoutMs: number;
  /** Longest answer that is read. */
  readonly replyBytes: number;
  readonly temperature?: number | undefined;
  readonly seed?: number | undefined;
  /** Longest answer asked for, in tokens. */
  readonly maxTokens?: number | undefined;
}
