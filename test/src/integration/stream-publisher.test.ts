import { setTimeout as sleep } from "node:timers/promises";
import { jetstream, JetStreamApiCodes, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { StreamPublisher } from "@redline/daemon";
import { expect, it } from "vitest";
import { startNats } from "../kit/nats.ts";

const TIMEOUT_MS = 1000;

async function setup(url: string) {
  const nc = await connect({ servers: url, reconnectTimeWait: 50, maxReconnectAttempts: -1 });
  const jsm = await jetstreamManager(nc);
  await jsm.streams.add({ name: "S", subjects: ["s.>"], max_msgs: 100, discard: "new" });
  return { nc, jsm, publisher: new StreamPublisher(nc, "alpha", TIMEOUT_MS) };
}

it("stores each message once, in the order of the calls, and says where", async () => {
  await using nats = await startNats();
  const { nc, jsm, publisher } = await setup(nats.url);
  const stored = await Promise.all(
    Array.from({ length: 50 }, (_, i) => publisher.publish("s.a", `${i}`, { msgId: `id ${i}` })),
  );
  expect(stored).toEqual(Array.from({ length: 50 }, (_, i) => ({ seq: i + 1, duplicate: false })));
  expect(await publisher.publish("s.a", "again", { msgId: "id 7" })).toEqual({ seq: 8, duplicate: true });
  expect((await jsm.streams.getMessage("S", { seq: 50 }))?.string()).toBe("49");
  await nc.close();
});

it("writes by compare-and-set, and tells the refusal by its code", async () => {
  await using nats = await startNats();
  const { nc, publisher } = await setup(nats.url);
  const { seq } = await publisher.publish("s.a", "first", { lastOnSubject: 0 });
  await publisher.publish("s.b", "of another subject");
  await publisher.publish("s.a", "second", { lastOnSubject: seq });
  const late = publisher.publish("s.a", "third", { lastOnSubject: seq });
  await expect(late).rejects.toMatchObject({ code: JetStreamApiCodes.StreamWrongLastSequence });
  await nc.close();
});

it("says what the stream refuses, and that nobody stores a subject", async () => {
  await using nats = await startNats();
  const { nc, publisher } = await setup(nats.url);
  for (let i = 0; i < 100; i += 1) void publisher.publish("s.a", "x");
  await expect(publisher.publish("s.a", "one more")).rejects.toThrow(/s\.a was not stored: maximum messages/);
  await expect(publisher.publish("nowhere", "x")).rejects.toThrow(/no stream takes this/);
  // Somebody who listens there without answering is no stream.
  nc.subscribe("silent");
  await expect(publisher.publish("silent", "x")).rejects.toThrow(/did not answer in time/);
  await nc.close();
  await expect(publisher.publish("s.a", "x")).rejects.toThrow();
});

it("gives up what had no answer when the server died, and goes on when it is back", async () => {
  await using nats = await startNats();
  const { nc, publisher } = await setup(nats.url);
  await publisher.publish("s.a", "before");
  await nats.kill();
  await expect(publisher.publish("s.a", "lost")).rejects.toThrow();
  await nats.start();
  await untilStored(nc, publisher);
  await nc.close();
});

it("rejects at once what is under way when its connection is closed", async () => {
  await using nats = await startNats();
  const { nc, publisher } = await setup(nats.url);
  nc.subscribe("silent");
  const waiting = publisher.publish("silent", "x").catch((error: unknown) => error);
  await nc.close();
  expect(await waiting).toBeInstanceOf(Error);
});

it("has acknowledged a message that a consumer took, when the server says so", async () => {
  await using nats = await startNats();
  const { nc, jsm, publisher } = await setup(nats.url);
  await publisher.publish("s.a", "x");
  await jsm.consumers.add("S", { durable_name: "c", ack_policy: "explicit" });
  const message = await (await jetstream(nc).consumers.get("S", "c")).next();
  if (message === null || !("reply" in message) || typeof message.reply !== "string")
    throw new Error("no message");
  await publisher.ask(message.reply, "+ACK");
  expect((await jsm.consumers.info("S", "c")).ack_floor.stream_seq).toBe(1);
  await nc.close();
});

async function untilStored(nc: NatsConnection, publisher: StreamPublisher): Promise<void> {
  for (let tries = 0; ; tries += 1)
    try {
      await nc.flush();
      await publisher.publish("s.a", "after");
      return;
    } catch (error) {
      if (tries > 50) throw error;
      await sleep(100);
    }
}
