import type { AgentSocket, Snapshot } from "@redline/shared";
import type { SocketsWanted } from "./cell-sockets.ts";
import type { CellScope } from "./cell-scope.ts";

/** What the daemon asks of its snapshot worker; `scope` null means the whole host. */
export interface SnapshotRequest {
  readonly id: number;
  readonly scope: CellScope | null;
  /** Instead of a snapshot of the cell, these processes' connections. */
  readonly sockets?: SocketsWanted;
}
export type SnapshotReply =
  | { readonly id: number; readonly ok: true; readonly snapshot: Snapshot }
  | { readonly id: number; readonly ok: true; readonly sockets: readonly AgentSocket[] }
  | { readonly id: number; readonly ok: false; readonly why: string };

// Both ends are this program's own threads: the envelope is checked, the rows inside are trusted.
const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

export const isSnapshotRequest = (value: unknown): value is SnapshotRequest =>
  isObject(value) && "id" in value && "scope" in value;

export const isSnapshotReply = (value: unknown): value is SnapshotReply =>
  isObject(value) &&
  "id" in value &&
  "ok" in value &&
  (value.ok === true ? "snapshot" in value || "sockets" in value : "why" in value);
