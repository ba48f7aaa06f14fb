import { generateKeyPairSync } from "node:crypto";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { createLogger, StreamPublisher } from "@redline/daemon";
import { commandSchema, consumers, nodeIdSchema, signCommand, streams, subjects } from "@redline/shared";
import { expect, it } from "vitest";
import { ensureLayout } from "../../../coordinator/dist/nats-layout.js";
import { Registry } from "../../../node-agent/dist/attempts/registry.js";
import { runCommandLoop } from "../../../node-agent/dist/dispatch/command-loop.js";
import { CancelledRuns } from "../../../node-agent/dist/dispatch/cancelled-runs.js";
import { HeldRuns } from "../../../node-agent/dist/dispatch/held-runs.js";
import { startNats } from "../kit/nats.ts";
import { SCENARIOS } from "../kit/scenarios.ts";
import { until } from "../kit/until.ts";

const N1 = nodeIdSchema.parse("n1");
const log = createLogger("test", "silent");

it("holds a command that finds no slot without using up its deliveries, and reads on what is behind it", async () => {
  await using nats = await startNats();
  const nc = await connect({ servers: [nats.url] });
  const jsm = await jetstreamManager(nc);
  await ensureLayout(nc, jsm, { nodes: [N1], commandsPending: 32, recordsBytes: 1 << 20, replicas: 1 }, log);
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const send = (id: string, order: object) => {
    const now = Date.now();
    const [issuedAt, expiresAt] = [new Date(now).toISOString(), new Date(now + 600_000).toISOString()];
    const command = commandSchema.parse({ v: 1, id, aud: "n1", epoch: 1, issuedAt, expiresAt, order });
    const text = JSON.stringify(signCommand(command, privateKey));
    return jetstream(nc).publish(subjects.command(N1, command.order.verb), text, { msgID: id });
  };
  const run = (number: number) =>
    send(`run ${number}`, {
      ...{ verb: "run", study: "s-1", key: { trial: `s-1-00${number}`, attempt: 1, epoch: 1 } },
      ...{ scaffold: { kind: "tools" }, condition: {}, scenario: SCENARIOS["local-copy"] },
      specimen: { name: "tiny", sha256: "a".repeat(64), weights: "mounted" },
      ...{ brain: { provider: "scripted", behaviour: "competent" }, brainName: "competent" },
      ...{ devices: { origin: "n1", target: "n1" }, limits: {} },
    });
  const started: string[] = [];
  const registry = new Registry(1);
  const cancelled = new CancelledRuns();
  const ended = new AbortController();
  let seq = 0;
  const loop = runCommandLoop(
    {
      ...{
        publisher: new StreamPublisher(nc, "n1", 2000),
        js: jetstream(nc),
        node: N1,
        publicKey,
        epoch: { highest: 1 },
        registry,
        logger: log,
      },
      ...{ held: new HeldRuns(), cancelled, now: Date.now },
      ...{ clock: { now: () => null }, hurry: { now: () => undefined } },
      ...{ stops: { stop: () => Promise.resolve(0) }, accepted: new Set<string>(), refuse: () => null },
      log: { node: N1, write: () => Promise.resolve((seq += 1)) },
      starter: {
        run: async (order, _signed, part) => {
          started.push(order.key.trial);
          await new Promise<void>((resolve) =>
            part.cancel.signal.addEventListener("abort", () => resolve(), { once: true }),
          );
        },
      },
    },
    ended.signal,
  );
  const queue = () => jsm.consumers.info(streams.commands, consumers.commandsOf(N1));
  try {
    for (const number of [1, 2, 3]) await run(number);
    await until("two are held", async () => {
      const { num_ack_pending: pending, num_pending: unread } = await queue();
      return pending === 2 && unread === 0;
    });
    // The third is taken back, then the first ends: what frees the slot stands behind both on the queue.
    for (const trial of ["s-1-003", "s-1-001"])
      await send(`cancel ${trial}`, { verb: "cancel", trial, attempt: 1, reason: "test" });
    await until("the second runs", () => started.length === 2);
    await until("all are acknowledged", async () => (await queue()).num_ack_pending === 0);
    const { num_redelivered: again, delivered } = await queue();
    expect([again, delivered.consumer_seq]).toEqual([0, 5]);
    expect(started).toEqual(["s-1-001", "s-1-002"]);
    // The fast path has told of the fourth already: its command starts nothing, and is off the queue.
    cancelled.note("s-1-004", 1);
    await run(4);
    await run(5);
    await send("cancel s-1-002", { verb: "cancel", trial: "s-1-002", attempt: 1, reason: "test" });
    await until("the fifth runs", () => started.length === 3);
    expect(started[2]).toBe("s-1-005");
    await until("the queue is empty", async () => {
      const { state } = await jsm.streams.info(streams.commands);
      return state.messages === 0;
    });
  } finally {
    ended.abort();
    await registry.cancel(() => true, "end");
    await loop;
    await nc.close();
  }
});
