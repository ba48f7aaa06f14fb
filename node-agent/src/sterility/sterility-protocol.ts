import type { Baseline } from "./baseline.ts";
import type { Compared, CompareInput } from "./compare.ts";

/** What the daemon asks of the thread: a baseline, or a comparison with one. */
export interface LookRequest {
  readonly id: number;
  /** Folders to list besides those that every machine has. */
  readonly places: readonly string[];
  /** Namespaces of live cells that are none of the asker's. */
  readonly liveCells: readonly string[];
  /** Absent: the baseline is wanted. */
  readonly compare?: Omit<CompareInput, "look">;
}

export type LookReply =
  | { readonly id: number; readonly ok: true; readonly baseline: Baseline }
  | { readonly id: number; readonly ok: true; readonly compared: Compared }
  | { readonly id: number; readonly ok: false; readonly why: string };

// Both ends are this program's own threads: the envelope is checked, the rows inside are trusted.
const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

export const isLookRequest = (value: unknown): value is LookRequest =>
  isObject(value) && "id" in value && "places" in value && "liveCells" in value;

export const isLookReply = (value: unknown): value is LookReply =>
  isObject(value) &&
  "id" in value &&
  "ok" in value &&
  (value.ok === true ? "baseline" in value || "compared" in value : "why" in value);
