import type { OverflowPolicy } from "./drop-oldest.ts";
import type { RetryPolicy } from "./with-retries.ts";

/** What a model is asked with, wherever it lives. */
export interface ModelOptions {
  readonly model: string;
  readonly temperature?: number | undefined;
  readonly seed?: number | undefined;
  /** Longest answer asked for, in tokens. */
  readonly maxTokens?: number | undefined;
  readonly overflow?: OverflowPolicy | undefined;
}

/** What providers over HTTP have in common. */
export interface RemoteBrainOptions extends RetryPolicy, ModelOptions {
  readonly baseUrl: string;
  /** For one try. */
  readonly timeoutMs: number;
  /** Longest silence in the middle of an answer. */
  readonly idleMs: number;
  /** Longest answer that is read. */
  readonly replyBytes: number;
}
