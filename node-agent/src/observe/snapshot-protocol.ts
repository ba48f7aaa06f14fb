import type { Snapshot } from "@redline/shared";
import type { CellScope } from "./cell-scope.ts";

/** What the daemon asks of its snapshot worker; `scope` null means the whole host. */
export interface SnapshotRequest {
  readonly id: number;
  readonly scope: CellScope | null;
}
export type SnapshotReply =
  | { readonly id: number; readonly ok: true; readonly snapshot: Snapshot }
  | { readonly id: number; readonly ok: false; readonly why: string };

// Both ends are this program's own threads: the envelope is checked, the rows inside are trusted.
const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

export const isSnapshotRequest = (value: unknown): value is SnapshotRequest =>
  isObject(value) && "id" in value && "scope" in value;

export const isSnapshotReply = (value: unknown): value is SnapshotReply =>
  isObject(value) &&
  "id" in value &&
  "ok" in value &&
  (value.ok === true ? "snapshot" in value : "why" in value);
