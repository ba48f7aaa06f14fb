import { Queue, Worker } from "bullmq";
import type { BenchRedis } from "./redis.ts";

/** Jobs a second from the first pull to the last result: each is told as started, and gives a result. */
export async function bullmqRate(redis: BenchRedis, concurrency: number, jobs: number): Promise<number> {
  const connection = { host: "127.0.0.1", port: redis.port };
  const queue = new Queue("bench", { connection });
  try {
    await queue.addBulk(
      Array.from({ length: jobs }, (_, n) => ({ name: "trial", data: { trial: `t-${n}` } })),
    );
    let done = 0;
    const began = performance.now();
    const worker = new Worker(
      "bench",
      async (job) => {
        await job.updateProgress("started");
        return { outcome: "completed" };
      },
      { connection, concurrency },
    );
    try {
      await new Promise<void>((resolve, reject) => {
        worker.on("completed", () => {
          done += 1;
          if (done === jobs) resolve();
        });
        worker.on("failed", (_job, error) => reject(error));
        worker.on("error", reject);
      });
      return (jobs / (performance.now() - began)) * 1000;
    } finally {
      await worker.close();
    }
  } finally {
    await queue.obliterate({ force: true });
    await queue.close();
  }
}
