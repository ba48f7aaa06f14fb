import type { Snapshot } from "@redline/shared";
import { Worker } from "node:worker_threads";
import type { CellScope } from "./cell-scope.ts";
import { isSnapshotReply, type SnapshotRequest } from "./snapshot-protocol.ts";

export type SnapshotResult =
  { readonly ok: true; readonly snapshot: Snapshot } | { readonly ok: false; readonly why: string };

/** Takes pictures of `/proc` in a thread of its own. Every failure is a value; the next call starts a fresh thread. */
export interface Snapshotter extends AsyncDisposable {
  /** One cell: its processes, its listeners and all their owners. An abort ends the waiting, not the thread. */
  snapshot(scope: CellScope, signal?: AbortSignal): Promise<SnapshotResult>;
  /** The whole host, uncut. */
  fullSnapshot(signal?: AbortSignal): Promise<SnapshotResult>;
}

export interface SnapshotterOptions {
  /** A snapshot that takes longer means a stuck thread: it is ended. Default 10,000 ms. */
  readonly timeoutMs?: number;
  /** Script of the thread; for tests of its death. */
  readonly workerUrl?: URL;
}

// A thread can run built JavaScript only (Node 20): from a source tree take the build beside it.
const WORKER_URL = import.meta.url.endsWith(".ts")
  ? new URL("../../dist/observe/snapshot-worker.js", import.meta.url)
  : new URL("./snapshot-worker.js", import.meta.url);

export function createSnapshotter(options: SnapshotterOptions = {}): Snapshotter {
  const { timeoutMs = 10_000, workerUrl = WORKER_URL } = options;
  const waiting = new Map<number, (result: SnapshotResult) => void>();
  let worker: Worker | null = null;
  let nextId = 1;
  let disposed = false;

  function start(): Worker {
    const started = new Worker(workerUrl, { execArgv: [], env: {}, name: "redline-snapshot" });
    started.unref();
    started.on("message", (reply: unknown) => {
      if (isSnapshotReply(reply)) waiting.get(reply.id)?.(reply);
    });
    started.on("error", (error) => lose(started, `snapshot thread failed: ${error.message}`));
    started.on("exit", (code) => lose(started, `snapshot thread ended with code ${code}`));
    return started;
  }

  /** Only the current thread's end concerns those who wait; that of one already replaced does not. */
  function lose(gone: Worker, why: string) {
    if (worker !== gone) return;
    worker = null;
    for (const settle of [...waiting.values()]) settle({ ok: false, why });
  }

  function ask(scope: CellScope | null, signal?: AbortSignal): Promise<SnapshotResult> {
    if (disposed) return Promise.resolve({ ok: false, why: "the snapshotter is closed" });
    if (signal?.aborted === true) return Promise.resolve({ ok: false, why: "aborted" });
    const request: SnapshotRequest = { id: nextId++, scope };
    return new Promise((resolve) => {
      const current = (worker ??= start());
      current.ref();
      const settle = (result: SnapshotResult) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        waiting.delete(request.id);
        if (waiting.size === 0) current.unref();
        resolve(result.ok ? { ok: true, snapshot: result.snapshot } : { ok: false, why: result.why });
      };
      const onAbort = () => settle({ ok: false, why: "aborted" });
      const timer = setTimeout(() => {
        lose(current, `no snapshot within ${timeoutMs} ms`);
        void current.terminate();
      }, timeoutMs);
      signal?.addEventListener("abort", onAbort, { once: true });
      waiting.set(request.id, settle);
      current.postMessage(request);
    });
  }

  return {
    snapshot: (scope, signal) => ask(scope, signal),
    fullSnapshot: (signal) => ask(null, signal),
    async [Symbol.asyncDispose]() {
      disposed = true;
      const last = worker;
      if (last === null) return;
      lose(last, "the snapshotter is closed");
      await last.terminate();
    },
  };
}
