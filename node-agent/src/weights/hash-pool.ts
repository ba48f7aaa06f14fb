import { cpus } from "node:os";
import { Worker } from "node:worker_threads";
import { isPoolReply, type PoolJob, type PoolReply, type PoolRequest } from "./hash-protocol.ts";

/** A few threads that hash and parse; every failure is a value. Idle threads do not keep the process alive. */
export interface HashPool extends AsyncDisposable {
  readonly threads: number;
  /** Jobs wait in order for a free thread. An abort ends the waiting at once, and the job after its current MiB. */
  run(job: PoolJob, signal?: AbortSignal): Promise<PoolReply["result"]>;
}

export interface HashPoolOptions {
  /** At most the number of CPUs; default 2. */
  readonly threads?: number;
  /** Script of the threads; for tests of their death. */
  readonly workerUrl?: URL;
}

/** A read that does not end this long after its abort (a dead network mount): its thread is given up. */
const STUCK_MS = 5000;
/** For the objects of a parsed header; buffers come on top. A header that needs more ends its thread, not the daemon. */
const HEAP_MIB = 768;

// A thread can run built JavaScript only (Node 20): from a source tree take the build beside it.
const WORKER_URL = import.meta.url.endsWith(".ts")
  ? new URL("../../dist/weights/hash-worker.js", import.meta.url)
  : new URL("./hash-worker.js", import.meta.url);

interface Waiting {
  readonly request: PoolRequest;
  readonly settle: (result: PoolReply["result"]) => void;
}

export function createHashPool(options: HashPoolOptions = {}): HashPool {
  const threads = Math.max(1, Math.min(options.threads ?? 2, cpus().length));
  const workers = new Map<Worker, Waiting | null>();
  const queue: Waiting[] = [];
  let nextId = 1;
  let disposed = false;

  function start(): Worker {
    const worker = new Worker(options.workerUrl ?? WORKER_URL, {
      execArgv: [],
      env: {},
      name: "redline-hash",
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    });
    worker.unref();
    worker.on("message", (reply: unknown) => {
      const current = workers.get(worker);
      if (!isPoolReply(reply) || current?.request.id !== reply.id) return;
      workers.set(worker, null);
      worker.unref();
      current.settle(reply.result);
      feed();
    });
    worker.on("error", (error) => lose(worker, `hash thread failed: ${error.message}`));
    worker.on("exit", (code) => lose(worker, `hash thread ended with code ${code}`));
    workers.set(worker, null);
    return worker;
  }

  /** A dead thread fails its own job only; the next job starts a fresh one. */
  function lose(worker: Worker, why: string) {
    const current = workers.get(worker);
    if (!workers.delete(worker)) return;
    current?.settle({ ok: false, why });
    feed();
  }

  function feed() {
    while (queue.length > 0 && !disposed) {
      const idle = [...workers].find(([, waiting]) => waiting === null)?.[0];
      if (idle === undefined && workers.size >= threads) return;
      const next = queue.shift();
      if (next === undefined) return;
      const worker = idle ?? start();
      workers.set(worker, next);
      worker.ref();
      worker.postMessage(next.request);
    }
  }

  /** Whoever is still at a job that nobody waits for may be stuck in the kernel: others must not wait behind it. */
  function giveUpIfStuck(waiting: Waiting) {
    const timer = setTimeout(() => {
      const stuck = [...workers].find(([, current]) => current === waiting)?.[0];
      if (stuck === undefined) return;
      lose(stuck, "a read did not end");
      void stuck.terminate();
    }, STUCK_MS);
    timer.unref();
  }

  return {
    threads,
    run(job, signal) {
      if (disposed) return Promise.resolve({ ok: false, why: "the hash pool is closed" });
      if (signal?.aborted === true) return Promise.resolve({ ok: false, why: "aborted" });
      return new Promise((resolve) => {
        const cancelled = new Int32Array(new SharedArrayBuffer(4));
        const settle = (result: PoolReply["result"]) => {
          signal?.removeEventListener("abort", onAbort);
          resolve(result);
        };
        const waiting: Waiting = { request: { id: nextId++, job, cancelled }, settle };
        const onAbort = () => {
          Atomics.store(cancelled, 0, 1);
          const at = queue.indexOf(waiting);
          if (at >= 0) queue.splice(at, 1);
          else giveUpIfStuck(waiting);
          settle({ ok: false, why: "aborted" });
        };
        signal?.addEventListener("abort", onAbort, { once: true });
        queue.push(waiting);
        feed();
      });
    },
    async [Symbol.asyncDispose]() {
      disposed = true;
      const all = [...workers.keys()];
      for (const waiting of queue.splice(0)) waiting.settle({ ok: false, why: "the hash pool is closed" });
      for (const worker of all) lose(worker, "the hash pool is closed");
      await Promise.all(all.map((worker) => worker.terminate()));
    },
  };
}

let shared: HashPool | null = null;
/** The process's own pool: many attempts must not hash with more threads than the machine has to spare. */
export const sharedHashPool = (): HashPool => (shared ??= createHashPool());
