import { generateKeyPairSync } from "node:crypto";
import { jetstreamManager } from "@nats-io/jetstream";
import { answerTo, ask } from "@redline/daemon";
import {
  buckets,
  consumers,
  COORDINATOR,
  keys,
  kvSubject,
  nodeIdSchema,
  objectBucket,
  openCommand,
  openKill,
  streams,
  subjects,
  trialIdSchema,
} from "@redline/shared";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startBusBench, type BusBench } from "./bus-bench.ts";
import type { BusClient } from "./bus-client.ts";
import { serverPrograms } from "./deploy-nats-server.ts";

// The server checks the reply subject of a request against nobody's rights: what it answers goes wherever the request says. A
// compromised node may therefore have the server's answers, and its own messages, laid wherever it likes. None of it may count.

const node = (id: string) => nodeIdSchema.parse(id);
const [alpha, beta, gamma] = [node("alpha"), node("beta"), node("gamma")];
const trial = trialIdSchema.parse("study-1");
const API = "$JS.API";

/** Every request that alpha may make and the server or a daemon answers. */
const REQUESTS: readonly (readonly [string, string])[] = [
  [subjects.record(alpha), "{}"],
  [`${API}.INFO`, ""],
  [`${API}.CONSUMER.INFO.${streams.commands}.${consumers.commandsOf(alpha)}`, ""],
  [
    `${API}.CONSUMER.MSG.NEXT.${streams.commands}.${consumers.commandsOf(alpha)}`,
    '{"no_wait":true,"batch":1}',
  ],
  [kvSubject(buckets.lease, keys.lease(alpha, trial)), "{}"],
  [kvSubject(buckets.inventory, alpha), "{}"],
  [`$O.${objectBucket(alpha)}.C.x`, "{}"],
  [`${API}.STREAM.INFO.OBJ_${objectBucket(alpha)}`, ""],
  [`${API}.STREAM.MSG.GET.OBJ_${objectBucket(alpha)}`, '{"seq":1}'],
  [subjects.peer(alpha, beta, "reserve"), "{}"],
  [subjects.time(alpha), "{}"],
];
/** Where an answer would do harm if anybody believed it. */
const TARGETS: readonly string[] = [
  subjects.command(beta, "run"),
  subjects.control(beta),
  subjects.controlAll,
  subjects.kill,
  subjects.record(beta),
  subjects.peer(gamma, beta, "release"),
  subjects.answer(beta, COORDINATOR, "guess"),
  subjects.answer(COORDINATOR, beta, "guess"),
  kvSubject(buckets.lease, keys.lease(beta, trial)),
  kvSubject(buckets.inventory, beta),
  kvSubject(buckets.trial, keys.trial(trial)),
  `$JS.ACK.${streams.commands}.${consumers.commandsOf(beta)}.1.1.1.1.0`,
];

const [program] = serverPrograms();

describe.skipIf(program === undefined)("answers of the server laid where they do not belong", () => {
  let bench: BusBench;
  let evil: BusClient;
  let mine: BusClient;
  /** What came to beta, by subject. */
  const heard: { subject: string; data: string }[] = [];
  let publicKey = generateKeyPairSync("ed25519").publicKey;

  beforeAll(async () => {
    if (program === undefined) return;
    bench = await startBusBench(program);
    publicKey = await bench.coordinator.publicKey();
    evil = await bench.as(alpha);
    mine = await bench.as(beta);
    for (const subject of [
      ...[subjects.control(beta), subjects.controlAll, subjects.kill],
      ...[subjects.peersTo(beta), subjects.answersTo(beta)],
    ])
      mine.connection.subscribe(subject, {
        callback: (_, message) => void heard.push({ subject: message.subject, data: message.string() }),
      });
    await mine.connection.flush();
    for (const target of TARGETS)
      for (const [subject, data] of REQUESTS) {
        evil.connection.publish(subject, data, { reply: target });
        await evil.connection.flush();
      }
    await mine.connection.flush();
  });
  afterAll(async () => {
    await evil.connection.close();
    await mine.connection.close();
    await bench[Symbol.asyncDispose]();
  });

  it("happens: the server does lay them there, so the next tests can fail", async () => {
    expect(heard.length).toBeGreaterThan(0);
    await using coordinator = await bench.as("coordinator");
    const jsm = await jetstreamManager(coordinator.connection);
    const info = await jsm.streams.info(streams.commands, { subjects_filter: ">" });
    expect(info.state.subjects?.[subjects.command(beta, "run")] ?? 0).toBeGreaterThan(0);
  });

  it("gives no command, no control order and no kill that a node would obey", async () => {
    const context = { publicKey, node: beta, nowMs: Date.now(), minEpoch: 1 };
    for (const { data } of heard) {
      // The coordinator's own pulses come there too.
      const opened = openCommand(data, context);
      expect(opened.ok && opened.command.order.verb !== "pulse").toBe(false);
      expect(openKill(Buffer.from(data), { publicKey, nowMs: Date.now() })).toBeNull();
    }
    await using coordinator = await bench.as("coordinator");
    const jsm = await jetstreamManager(coordinator.connection);
    const { state } = await jsm.streams.info(streams.commands);
    let read = 0;
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
      const message = await jsm.streams.getMessage(streams.commands, { seq });
      if (message === null) continue;
      read += 1;
      expect(openCommand(message.data, context).ok).toBe(false);
    }
    expect(read).toBeGreaterThan(0);
  });

  it("gives the coordinator no record, inventory, lease or trial of another node", async () => {
    expect((await bench.coordinator.get("/readyz")).status).toBe(200);
    const { records, state } = await bench.coordinator.journal();
    expect(state.nodes.size).toBe(0);
    expect(state.taken.size).toBe(0);
    const kinds = records.map(({ body }) => body.kind);
    expect(kinds.filter((kind) => kind === "node-record" || kind === "node-seen")).toEqual([]);
  });

  it("gets no answer out of a responder to where the asker does not wait", () => {
    const sent: string[] = [];
    const nc = { publish: (subject: string) => void sent.push(subject) };
    for (const reply of TARGETS) {
      // As beta's daemon would answer alpha's own request, and a coordinator.
      expect(answerTo(nc, { reply }, beta, (asker) => asker === alpha)).toBeNull();
      if (reply !== subjects.answer(beta, COORDINATOR, "guess"))
        expect(answerTo(nc, { reply }, beta, (asker) => asker === COORDINATOR)).toBeNull();
    }
    expect(sent).toEqual([]);
  });

  it("is not taken for the answer to a question: nobody else can name where it is waited for", async () => {
    await using coordinator = await bench.as("coordinator");
    // beta is silent: whatever alpha has laid meanwhile, nothing may come.
    const route = { from: COORDINATOR, to: beta, subject: subjects.control(beta) };
    const asked = ask(coordinator.connection, route, "{}", 1000);
    for (const [subject, data] of REQUESTS)
      evil.connection.publish(subject, data, { reply: subjects.answer(beta, COORDINATOR, "guess") });
    await expect(asked).rejects.toThrow(/timeout/i);
  });
});
