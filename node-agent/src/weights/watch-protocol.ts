import type { ProcessKey } from "@redline/shared";
import type { CellScope } from "../observe/cell-scope.ts";
import type { Mount } from "./mount-table.ts";

/** A file that the watch holds a descriptor of. */
export interface HeldFile {
  readonly id: number;
  /** Of this process, for reading; the file may have no name any more. */
  readonly fd: number;
  readonly device: string;
  readonly inode: string;
  readonly format: "gguf" | "safetensors" | "other";
  /** Of its content, when it was first seen: nanoseconds. */
  readonly modifiedNs: bigint;
}

/** A process has a held file open or mapped. */
export interface Opening {
  readonly process: ProcessKey;
  readonly file: number;
  readonly how: "map" | "fd";
  readonly seen: "loading" | "after-run";
  /** As the process sees it; hostile text, not yet bounded. */
  readonly path: string;
  readonly size: number;
  readonly mount: Mount;
}

/** A file that a process has mapped, and that cannot be reached: no name leads to it and the kernel refuses the mapping. */
export interface Unreachable {
  readonly process: ProcessKey;
  readonly seen: Opening["seen"];
  /** Hostile text, not yet bounded. */
  readonly path: string;
  readonly device: string;
  readonly inode: string;
  /** Mapped. */
  readonly bytes: number;
}

export interface WatchData {
  readonly scope: CellScope;
  readonly everyMs: number;
}

export type WatchRequest = { readonly kind: "look"; readonly id: number } | { readonly kind: "stop" };

export type WatchReply =
  /** From here on the descriptor is the daemon's to close. */
  | { readonly kind: "held"; readonly file: HeldFile }
  | { readonly kind: "opened"; readonly opening: Opening }
  | { readonly kind: "unreachable"; readonly mapping: Unreachable }
  | { readonly kind: "let-go"; readonly file: number }
  | {
      readonly kind: "looked";
      readonly id: number;
      readonly tookMs: number;
      readonly processes: number;
      /** Files that were there and could not be held: no room, or the kernel refused. */
      readonly missed: number;
    }
  | { readonly kind: "stopped" };

// Both ends are this program's own threads: the envelope is checked, what is in it is trusted.
const hasKind = (value: unknown): value is { kind: unknown } =>
  typeof value === "object" && value !== null && "kind" in value;

export const isWatchData = (value: unknown): value is WatchData =>
  typeof value === "object" && value !== null && "scope" in value && "everyMs" in value;
export const isWatchRequest = (value: unknown): value is WatchRequest =>
  hasKind(value) && (value.kind === "look" || value.kind === "stop");
export const isWatchReply = (value: unknown): value is WatchReply =>
  hasKind(value) &&
  ["held", "opened", "unreachable", "let-go", "looked", "stopped"].some((kind) => kind === value.kind);
