import type { AgentSocket, Snapshot } from "@redline/shared";
import { Worker } from "node:worker_threads";
import type { CellScope } from "./cell-scope.ts";
import type { SocketsWanted } from "./cell-sockets.ts";
import { isSnapshotReply, type SnapshotReply, type SnapshotRequest } from "./snapshot-protocol.ts";

export type SnapshotResult =
  { readonly ok: true; readonly snapshot: Snapshot } | { readonly ok: false; readonly why: string };

export type SocketsResult =
  | { readonly ok: true; readonly sockets: readonly AgentSocket[] }
  | { readonly ok: false; readonly why: string };
type Answer =
  { readonly ok: true; readonly reply: SnapshotReply } | { readonly ok: false; readonly why: string };

/** Takes pictures of `/proc` in a thread of its own. Every failure is a value; the next call starts a fresh thread. */
export interface Snapshotter extends AsyncDisposable {
  /** One cell: its processes, its listeners and all their owners. An abort ends the waiting, not the thread. */
  snapshot(scope: CellScope, signal?: AbortSignal): Promise<SnapshotResult>;
  /** Connections of some of a cell's processes, at most 50, and who in the cell holds the other ends. */
  sockets(scope: CellScope, wanted: SocketsWanted, signal?: AbortSignal): Promise<SocketsResult>;
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
  const waiting = new Map<number, (answer: Answer) => void>();
  let worker: Worker | null = null;
  let nextId = 1;
  let disposed = false;

  function start(): Worker {
    const started = new Worker(workerUrl, { execArgv: [], env: {}, name: "redline-snapshot" });
    started.unref();
    started.on("message", (reply: unknown) => {
      if (!isSnapshotReply(reply)) return;
      waiting.get(reply.id)?.(reply.ok ? { ok: true, reply } : { ok: false, why: reply.why });
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

  function ask(wanted: Omit<SnapshotRequest, "id">, signal?: AbortSignal): Promise<Answer> {
    if (disposed) return Promise.resolve({ ok: false, why: "the snapshotter is closed" });
    if (signal?.aborted === true) return Promise.resolve({ ok: false, why: "aborted" });
    const request: SnapshotRequest = { id: nextId++, ...wanted };
    return new Promise((resolve) => {
      const current = (worker ??= start());
      current.ref();
      const settle = (answer: Answer) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        waiting.delete(request.id);
        if (waiting.size === 0) current.unref();
        resolve(answer);
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

  async function picture(scope: CellScope | null, signal?: AbortSignal): Promise<SnapshotResult> {
    const answer = await ask({ scope }, signal);
    if (!answer.ok) return answer;
    if ("snapshot" in answer.reply) return { ok: true, snapshot: answer.reply.snapshot };
    return { ok: false, why: "the snapshot thread gave something else" };
  }

  return {
    snapshot: picture,
    fullSnapshot: (signal) => picture(null, signal),
    async sockets(scope, wanted, signal) {
      const answer = await ask({ scope, sockets: wanted }, signal);
      if (!answer.ok) return answer;
      if ("sockets" in answer.reply) return { ok: true, sockets: answer.reply.sockets };
      return { ok: false, why: "the snapshot thread gave something else" };
    },
    async [Symbol.asyncDispose]() {
      disposed = true;
      const last = worker;
      if (last === null) return;
      lose(last, "the snapshotter is closed");
      await last.terminate();
    },
  };
}
