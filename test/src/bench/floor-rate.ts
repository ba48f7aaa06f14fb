import { jetstream, jetstreamManager, type Consumer } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { SealedSteps } from "./sealed-steps.ts";

const JOBS = "FLOORJOBS";
const SAID = "FLOORSAID";

/**
 * Jobs a second with nothing around them, or with `steps` alone: each of `slots` loops pulls one, publishes that it started, publishes the result, and
 * acknowledges, each step answered before the next. The jobs lie on the stream before.
 */
export async function floorRate(
  url: string,
  slots: number,
  jobs: number,
  steps?: SealedSteps,
): Promise<number> {
  const nc = await connect({ servers: url, noAsyncTraces: true });
  try {
    const manager = await jetstreamManager(nc);
    await manager.streams.add({ name: JOBS, subjects: ["floor.job"], retention: "workqueue" });
    await manager.streams.add({ name: SAID, subjects: ["floor.said"] });
    await manager.consumers.add(JOBS, { durable_name: "floor", ack_policy: "explicit" });
    const js = jetstream(nc);
    await Promise.all(Array.from({ length: jobs }, (_, n) => js.publish("floor.job", `{"trial":"t-${n}"}`)));
    const consumer = await js.consumers.get(JOBS, "floor");
    const left = { jobs };
    const began = performance.now();
    await Promise.all(Array.from({ length: slots }, () => work(consumer, left)));
    const rate = (jobs / (performance.now() - began)) * 1000;
    await manager.streams.delete(JOBS);
    await manager.streams.delete(SAID);
    return rate;
  } finally {
    await nc.close();
  }

  async function work(consumer: Consumer, left: { jobs: number }): Promise<void> {
    const js = jetstream(nc);
    // Ends when all jobs were taken: each loop takes one off the count before it pulls.
    while (left.jobs > 0) {
      left.jobs -= 1;
      await steps?.give();
      const message = await consumer.next({ expires: 30_000 });
      if (message === null) throw new Error("a job is missing");
      await steps?.take();
      await js.publish("floor.said", `{"started":true}`);
      await steps?.finish();
      await js.publish("floor.said", `{"outcome":"completed"}`);
      await message.ackAck();
      await steps?.count();
    }
  }
}
