import { createLogger } from "@redline/daemon";
import { Kvm } from "@nats-io/kv";
import { connect } from "@nats-io/transport-node";
import { expect, it } from "vitest";
import { Bus } from "../../../coordinator/dist/bus.js";
import { systemClock } from "../../../coordinator/dist/clock.js";
import { watchBucket } from "../../../coordinator/dist/kv-watch.js";
import { startNats } from "../kit/nats.ts";
import { until } from "../kit/until.ts";

const BUCKET = "watched";

it("a watch ends when it is told to, also while it is still being made: else a leader that steps down as it begins never ends", async () => {
  await using nats = await startNats();
  const connection = await connect({ servers: nats.url });
  try {
    const kv = await new Kvm(connection).create(BUCKET);
    const log = createLogger("test", "error");
    const bus = new Bus(systemClock, log);
    const taken: string[] = [];
    const watch = (signal: AbortSignal) =>
      watchBucket(connection, BUCKET, (key) => taken.push(key), { bus, log, signal });

    const early = new AbortController();
    const made = watch(early.signal);
    early.abort();
    await made;

    const later = new AbortController();
    const running = watch(later.signal);
    await until("it watches", async () => {
      await kv.put("a", "1");
      return taken.length > 0;
    });
    later.abort();
    await running;
    expect(new Set(taken)).toEqual(new Set(["a"]));
  } finally {
    await connection.close();
  }
});
