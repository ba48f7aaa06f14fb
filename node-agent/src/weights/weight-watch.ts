import { closeSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { sameProcess, type ProcessKey } from "@redline/shared";
import { boundedText } from "../observe/bounded-text.ts";
import type { CellScope } from "../observe/cell-scope.ts";
import {
  isWatchReply,
  type HeldFile,
  type Opening,
  type Unreachable,
  type WatchData,
  type WatchReply,
  type WatchRequest,
} from "./watch-protocol.ts";

/** A file of weights was seen open or mapped for the first time in this process; `path` is hostile text. */
export interface Opened {
  readonly process: ProcessKey;
  readonly path: string;
  readonly size: number;
}

export type LookResult =
  | {
      readonly ok: true;
      /** Of the look itself, in its thread. */
      readonly tookMs: number;
      readonly processes: number;
      /** Files that were there and could not be held. */
      readonly missed: number;
    }
  | { readonly ok: false; readonly why: string };

/**
 * Holds a descriptor of every file of weights that a process of the cell opens or maps (at most 64), so that it can be read
 * when the run is over, whatever became of its names. Descriptors keep the cell's file systems alive: close it before the
 * proof that the cell is gone.
 */
export interface WeightWatch extends AsyncDisposable {
  /** One more look at everything, now. */
  look(signal?: AbortSignal): Promise<LookResult>;
  openings(
    processes: readonly ProcessKey[],
  ): readonly { readonly opening: Opening; readonly file: HeldFile }[];
  /** Mapped by these processes, large enough for weights, and not held. */
  unreachable(processes: readonly ProcessKey[]): readonly Unreachable[];
  find(device: string, inode: string): HeldFile | null;
  /** Ends the thread and closes all descriptors. Idempotent, never rejects. */
  close(): Promise<void>;
}

export interface WeightWatchOptions {
  readonly cell: CellScope;
  readonly onOpened?: (opened: Opened) => void;
  /** Default 250 ms. */
  readonly everyMs?: number;
  /** A look that takes longer means a stuck thread. Default 10,000 ms. */
  readonly timeoutMs?: number;
}

/** Openings told to the caller, who records them: an agent cannot flood a journal by opening files. */
const MOST_TOLD = 200;
const STOP_MS = 2000;

// A thread can run built JavaScript only (Node 20): from a source tree take the build beside it.
const WORKER_URL = import.meta.url.endsWith(".ts")
  ? new URL("../../dist/weights/watch-worker.js", import.meta.url)
  : new URL("./watch-worker.js", import.meta.url);

export function watchWeights(options: WeightWatchOptions): WeightWatch {
  const { cell, onOpened, everyMs = 250, timeoutMs = 10_000 } = options;
  const files = new Map<number, HeldFile>();
  const openings: Opening[] = [];
  const lostMappings: Unreachable[] = [];
  const waiting = new Map<number, (result: LookResult) => void>();
  let stopped: () => void = () => undefined;
  const hasStopped = new Promise<void>((resolve) => (stopped = resolve));
  let nextId = 1;
  let lost: string | null = null;
  let closing: Promise<void> | null = null;

  const { initPid, netns, pidns } = cell;
  const workerData: WatchData = { scope: { initPid, netns, pidns }, everyMs };
  // The descriptors outlive their thread: this side closes them.
  const worker = new Worker(WORKER_URL, {
    execArgv: [],
    env: {},
    name: "redline-weights",
    workerData,
    trackUnmanagedFds: false,
  });
  worker.unref();
  worker.on("message", (reply: unknown) => {
    if (isWatchReply(reply)) take(reply);
  });
  worker.on("error", (error) => lose(`the thread that watches weights failed: ${error.message}`));
  worker.on("exit", (code) => lose(`the thread that watches weights ended with code ${code}`));

  function take(reply: WatchReply) {
    if (reply.kind === "held") files.set(reply.file.id, reply.file);
    else if (reply.kind === "opened") opened(reply.opening);
    else if (reply.kind === "unreachable") lostMappings.push(reply.mapping);
    else if (reply.kind === "let-go") letGo(reply.file);
    else if (reply.kind === "looked") waiting.get(reply.id)?.({ ok: true, ...reply });
    else stopped();
  }

  function opened(opening: Opening) {
    openings.push(opening);
    const { process, path, size } = opening;
    if (openings.length <= MOST_TOLD) onOpened?.({ process, path: boundedText(path, 512), size });
  }

  function letGo(id: number) {
    const file = files.get(id);
    files.delete(id);
    if (file !== undefined) closeSync(file.fd);
  }

  function lose(why: string) {
    lost ??= why;
    stopped();
    for (const settle of [...waiting.values()]) settle({ ok: false, why });
  }

  async function end() {
    const alive = lost === null;
    lost ??= "the watch is closed";
    for (const settle of [...waiting.values()]) settle({ ok: false, why: lost });
    if (alive) {
      // What it has opened so far comes before its answer.
      const timer = setTimeout(stopped, STOP_MS);
      worker.postMessage({ kind: "stop" } satisfies WatchRequest);
      await hasStopped;
      clearTimeout(timer);
    }
    // Not waited for: a thread that is stuck in the kernel ends when the kernel lets it.
    void worker.terminate();
    for (const id of [...files.keys()]) letGo(id);
  }

  const close = () => (closing ??= end());
  return {
    look(signal) {
      if (lost !== null) return Promise.resolve({ ok: false, why: lost });
      if (signal?.aborted === true) return Promise.resolve({ ok: false, why: "aborted" });
      const id = nextId++;
      return new Promise((resolve) => {
        const settle = (result: LookResult) => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", onAbort);
          waiting.delete(id);
          if (waiting.size === 0) worker.unref();
          resolve(result);
        };
        const onAbort = () => settle({ ok: false, why: "aborted" });
        const timer = setTimeout(
          () => settle({ ok: false, why: `no look within ${timeoutMs} ms` }),
          timeoutMs,
        );
        signal?.addEventListener("abort", onAbort, { once: true });
        waiting.set(id, settle);
        worker.ref();
        worker.postMessage({ kind: "look", id } satisfies WatchRequest);
      });
    },
    openings: (processes) =>
      openings
        .filter((opening) => processes.some((process) => sameProcess(process, opening.process)))
        .flatMap((opening) => {
          const file = files.get(opening.file);
          return file === undefined ? [] : [{ opening, file }];
        }),
    unreachable: (processes) =>
      lostMappings.filter(
        (lost) =>
          processes.some((process) => sameProcess(process, lost.process)) &&
          ![...files.values()].some((file) => file.device === lost.device && file.inode === lost.inode),
      ),
    find: (device, inode) =>
      [...files.values()].find((file) => file.device === device && file.inode === inode) ?? null,
    close,
    [Symbol.asyncDispose]: close,
  };
}
