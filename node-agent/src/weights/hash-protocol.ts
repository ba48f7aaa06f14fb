/** What the daemon asks of a thread of its hash pool. Descriptors are the process's: its threads share them. */
export type PoolJob =
  | {
      readonly kind: "shard";
      readonly fd: number;
      /** Bytes `start` to `end` (not included). */
      readonly start: number;
      readonly end: number;
    }
  | { readonly kind: "header"; readonly fd: number; readonly size: number; readonly mark: string };

export interface PoolRequest {
  readonly id: number;
  readonly job: PoolJob;
  /** One 32-bit cell; not 0 once nobody waits any more: the thread then leaves the descriptor alone. */
  readonly cancelled: Int32Array;
}

/** What a GGUF or safetensors file says of itself, without its weights. */
export interface WeightsHeader {
  readonly format: "gguf" | "safetensors" | "other";
  /** Digest of names and shapes of all tensors, without their types; empty for another format. */
  readonly family: string;
  readonly tensors: number;
  /** Length of the header region; for another format, of what was looked at. */
  readonly headerBytes: number;
  /** The mark that was asked for stands in that region. */
  readonly mark: boolean;
}

export type Outcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

export type PoolReply =
  | { readonly id: number; readonly kind: "shard"; readonly result: Outcome<string> }
  | { readonly id: number; readonly kind: "header"; readonly result: Outcome<WeightsHeader> };

// Both ends are this program's own threads: the envelope is checked, what is in it is trusted.
const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

export const isPoolRequest = (value: unknown): value is PoolRequest =>
  isObject(value) && "id" in value && "job" in value && "cancelled" in value;

export const isPoolReply = (value: unknown): value is PoolReply =>
  isObject(value) && "id" in value && "kind" in value && "result" in value;
