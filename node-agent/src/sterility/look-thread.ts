import { Worker } from "node:worker_threads";
import type { Baseline } from "./baseline.ts";
import type { Compared } from "./compare.ts";
import { isLookReply, type LookReply, type LookRequest } from "./sterility-protocol.ts";

export type LookAnswer<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

/** Looks at the node in a thread of its own. Every failure is a value; the next call starts a fresh thread. */
export interface LookThread extends AsyncDisposable {
  baseline(wanted: Pick<LookRequest, "places" | "liveCells">): Promise<LookAnswer<Baseline>>;
  compare(wanted: Omit<LookRequest, "id">): Promise<LookAnswer<Compared>>;
}

// A thread can run built JavaScript only (Node 20): from a source tree take the build beside it.
const WORKER_URL = import.meta.url.endsWith(".ts")
  ? new URL("../../dist/sterility/sterility-worker.js", import.meta.url)
  : new URL("./sterility-worker.js", import.meta.url);

/** @param limitMs a look that takes longer means a stuck thread: it is ended. */
export function startLookThread(limitMs = 30_000, workerUrl: URL = WORKER_URL): LookThread {
  const waiting = new Map<number, (reply: LookReply) => void>();
  let worker: Worker | null = null;
  let nextId = 1;
  let disposed = false;

  function start(): Worker {
    const started = new Worker(workerUrl, { execArgv: [], env: {}, name: "redline-sterility" });
    started.unref();
    started.on("message", (reply: unknown) => {
      if (isLookReply(reply)) waiting.get(reply.id)?.(reply);
    });
    started.on("error", (error) => lose(started, `look thread failed: ${error.message}`));
    started.on("exit", (code) => lose(started, `look thread ended with code ${code}`));
    return started;
  }

  /** Only the current thread's end concerns those who wait; that of one already replaced does not. */
  function lose(gone: Worker, why: string) {
    if (worker !== gone) return;
    worker = null;
    for (const [id, settle] of [...waiting]) settle({ id, ok: false, why });
  }

  function ask(wanted: Omit<LookRequest, "id">): Promise<LookReply> {
    const request: LookRequest = { id: nextId++, ...wanted };
    if (disposed) return Promise.resolve({ id: request.id, ok: false, why: "the look thread is closed" });
    return new Promise((resolve) => {
      const current = (worker ??= start());
      current.ref();
      const timer = setTimeout(() => {
        lose(current, `no look within ${limitMs} ms`);
        void current.terminate();
      }, limitMs);
      waiting.set(request.id, (reply) => {
        clearTimeout(timer);
        waiting.delete(request.id);
        if (waiting.size === 0) current.unref();
        resolve(reply);
      });
      current.postMessage(request);
    });
  }

  const other = { ok: false, why: "the look thread gave something else" } as const;
  return {
    async baseline(wanted) {
      const reply = await ask(wanted);
      if (!reply.ok) return reply;
      return "baseline" in reply ? { ok: true, value: reply.baseline } : other;
    },
    async compare(wanted) {
      const reply = await ask(wanted);
      if (!reply.ok) return reply;
      return "compared" in reply ? { ok: true, value: reply.compared } : other;
    },
    async [Symbol.asyncDispose]() {
      disposed = true;
      const last = worker;
      if (last === null) return;
      lose(last, "the look thread is closed");
      await last.terminate();
    },
  };
}
