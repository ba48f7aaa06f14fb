import { AckPolicy, jetstreamManager } from "@nats-io/jetstream";
import { inboxPrefixOf, makeNatsConfig, connectNats } from "@redline/daemon";
import {
  buckets,
  consumers,
  coordinatorNameSchema,
  COORDINATOR,
  keys,
  kvSubject,
  nodeIdSchema,
  objectBucket,
  streams,
  subjects,
  trialIdSchema,
} from "@redline/shared";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startBusBench, type BusBench } from "./bus-bench.ts";
import { serverPrograms } from "./deploy-nats-server.ts";

const node = (id: string) => nodeIdSchema.parse(id);
const [alpha, beta, gamma] = [node("alpha"), node("beta"), node("gamma")];
const second = coordinatorNameSchema.parse("coordinator-b");
const trial = trialIdSchema.parse("study-1");
const ROLES = ["coordinator", "coordinator-b", "alpha", "observer"] as const;
type Role = (typeof ROLES)[number];
const C: readonly Role[] = ["coordinator", "coordinator-b"];
const N: readonly Role[] = ["alpha"];
const NOBODY: readonly Role[] = [];
const API = "$JS.API";
const inbox = (name: string) => `${inboxPrefixOf(name)}.x.y`;
const obj = (name: typeof alpha) => `OBJ_${objectBucket(name)}`;

/** Every action that must be somebody's or nobody's: what, subject, and who may. A row with a name is the control of those without. */
const PUBLISH: readonly (readonly [string, string, readonly Role[]])[] = [
  ["its own record", subjects.record(alpha), N],
  ["another node's record", subjects.record(beta), NOBODY],
  ["a record below a record", `${subjects.record(alpha)}.x`, NOBODY],
  ["a command", subjects.command(beta, "run"), C],
  ["a command to alpha", subjects.command(alpha, "run"), C],
  ["a control message", subjects.control(beta), C],
  ["a control message to alpha", subjects.control(alpha), C],
  ["a control message to all", subjects.controlAll, C],
  ["a kill", subjects.kill, C],
  ["a peer request in its own name", subjects.peer(alpha, beta, "reserve"), N],
  ["a peer request in another's name", subjects.peer(beta, gamma, "reserve"), NOBODY],
  ["a peer request of another to alpha", subjects.peer(beta, alpha, "reserve"), NOBODY],
  ["an answer of its own to a coordinator", subjects.answer(alpha, COORDINATOR, "x"), N],
  ["an answer of its own to a node", subjects.answer(alpha, beta, "x"), N],
  ["another node's answer", subjects.answer(beta, COORDINATOR, "x"), NOBODY],
  ["another node's answer to alpha", subjects.answer(beta, alpha, "x"), NOBODY],
  ["the coordinator's answer", subjects.answer(COORDINATOR, beta, "x"), ["coordinator"]],
  ["the second coordinator's answer", subjects.answer(second, beta, "x"), ["coordinator-b"]],
  ["a question for the time", subjects.time(alpha), N],
  ["another node's question for the time", subjects.time(beta), NOBODY],
  ["a line of the journal", subjects.journal("guess"), C],
  ["a question for older lines", subjects.journalOlder, C],
  ["its own lease", kvSubject(buckets.lease, keys.lease(alpha, trial)), N],
  ["another node's lease", kvSubject(buckets.lease, keys.lease(beta, trial)), NOBODY],
  ["its own inventory", kvSubject(buckets.inventory, alpha), N],
  ["another node's inventory", kvSubject(buckets.inventory, beta), NOBODY],
  ["a trial's state", kvSubject(buckets.trial, keys.trial(trial)), C],
  ["who leads", kvSubject(buckets.lead, keys.leader("guess")), C],
  ["a chunk of its own object", `$O.${objectBucket(alpha)}.C.x`, N],
  ["a chunk of another's object", `$O.${objectBucket(beta)}.C.x`, NOBODY],
  ["a mark on an object", `$O.${objectBucket(beta)}.M.x`, C],
  ["its own inbox", inbox("alpha"), NOBODY],
  ["another node's inbox", inbox("beta"), NOBODY],
  ["the coordinator's inbox", inbox("coordinator"), NOBODY],
  ["the second coordinator's inbox", inbox("coordinator-b"), NOBODY],
  ["the account's facts", `${API}.INFO`, [...C, ...N]],
  ["a pull of its own commands", `${API}.CONSUMER.MSG.NEXT.${streams.commands}.n-alpha`, N],
  ["a pull of another's commands", `${API}.CONSUMER.MSG.NEXT.${streams.commands}.n-beta`, NOBODY],
  ["a look at its own queue", `${API}.CONSUMER.INFO.${streams.commands}.n-alpha`, [...C, ...N]],
  ["a look at another's queue", `${API}.CONSUMER.INFO.${streams.commands}.n-beta`, C],
  ["an acknowledgement of its own", `$JS.ACK.${streams.commands}.n-alpha.1.1.1.1.0`, N],
  ["an acknowledgement for another", `$JS.ACK.${streams.commands}.n-beta.1.1.1.1.0`, NOBODY],
  ["a pull of records", `${API}.CONSUMER.MSG.NEXT.${streams.records}.${consumers.records}`, C],
  ["an acknowledgement of records", `$JS.ACK.${streams.records}.${consumers.records}.1.1.1.1.0`, C],
  [
    "a pull of what was given up",
    `${API}.CONSUMER.MSG.NEXT.${streams.advisories}.${consumers.advisories}`,
    C,
  ],
  [
    "word of the server that a command was given up",
    `$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.CMD.x`,
    NOBODY,
  ],
  ["a pull of the journal", `${API}.CONSUMER.MSG.NEXT.${streams.journal}.x`, C],
  ["a new consumer of commands", `${API}.CONSUMER.CREATE.${streams.commands}.mine`, C],
  ["a new consumer of its own name", `${API}.CONSUMER.CREATE.${streams.commands}.n-alpha.x`, C],
  ["a new consumer of the old form", `${API}.CONSUMER.DURABLE.CREATE.${streams.commands}.mine`, NOBODY],
  ["a new consumer of records", `${API}.CONSUMER.CREATE.${streams.records}.mine`, C],
  ["the end of a consumer", `${API}.CONSUMER.DELETE.${streams.commands}.nobody`, C],
  ["the consumers' names", `${API}.CONSUMER.NAMES.${streams.commands}`, NOBODY],
  ["the consumers' list", `${API}.CONSUMER.LIST.${streams.commands}`, NOBODY],
  ["a direct read of its own lease", `${API}.DIRECT.GET.KV_${buckets.lease}.$KV.lease.alpha.x`, C],
  ["a direct read of the journal", `${API}.DIRECT.GET.${streams.journal}`, C],
  ["a stored record", `${API}.STREAM.MSG.GET.${streams.records}`, C],
  ["a stored command", `${API}.STREAM.MSG.GET.${streams.commands}`, C],
  ["a stored object of its own", `${API}.STREAM.MSG.GET.${obj(alpha)}`, [...C, ...N]],
  ["a stored object of another", `${API}.STREAM.MSG.GET.${obj(beta)}`, C],
  ["a look at records", `${API}.STREAM.INFO.${streams.records}`, [...C, "observer"]],
  ["a look at the journal", `${API}.STREAM.INFO.${streams.journal}`, C],
  ["a look at its own objects", `${API}.STREAM.INFO.${obj(alpha)}`, [...C, ...N]],
  ["a look at another's objects", `${API}.STREAM.INFO.${obj(beta)}`, C],
  ["a stream", `${API}.STREAM.CREATE.${streams.records}`, C],
  ["a stream of another name", `${API}.STREAM.CREATE.MINE`, NOBODY],
  ["other settings of a stream", `${API}.STREAM.UPDATE.${streams.records}`, C],
  ["other settings of a node's bucket", `${API}.STREAM.UPDATE.${obj(beta)}`, NOBODY],
  ["the end of records", `${API}.STREAM.DELETE.${streams.records}`, NOBODY],
  ["the end of commands", `${API}.STREAM.DELETE.${streams.commands}`, NOBODY],
  ["the end of the journal", `${API}.STREAM.DELETE.${streams.journal}`, NOBODY],
  ["the end of a bucket", `${API}.STREAM.DELETE.KV_${buckets.lead}`, NOBODY],
  ["a purge of records", `${API}.STREAM.PURGE.${streams.records}`, NOBODY],
  ["a purge of commands", `${API}.STREAM.PURGE.${streams.commands}`, NOBODY],
  ["a purge of a bucket", `${API}.STREAM.PURGE.KV_${buckets.trial}`, NOBODY],
  ["a purge of its own objects", `${API}.STREAM.PURGE.${obj(alpha)}`, [...C, ...N]],
  ["a purge of another's objects", `${API}.STREAM.PURGE.${obj(beta)}`, C],
  ["a deletion of a command", `${API}.STREAM.MSG.DELETE.${streams.commands}`, C],
  ["a deletion of a record", `${API}.STREAM.MSG.DELETE.${streams.records}`, NOBODY],
  ["a deletion of a line of the journal", `${API}.STREAM.MSG.DELETE.${streams.journal}`, NOBODY],
  ["the streams' names", `${API}.STREAM.NAMES`, NOBODY],
  ["the streams' list", `${API}.STREAM.LIST`, NOBODY],
  ["a snapshot", `${API}.STREAM.SNAPSHOT.${streams.records}`, NOBODY],
  ["a restore", `${API}.STREAM.RESTORE.${streams.records}`, NOBODY],
  ["a new leader of a stream", `${API}.STREAM.LEADER.STEPDOWN.${streams.records}`, NOBODY],
  ["a new leader of the server's meta group", `${API}.META.LEADER.STEPDOWN`, NOBODY],
  ["the end of a peer", `${API}.STREAM.PEER.REMOVE.${streams.records}`, NOBODY],
  ["the end of a server", `${API}.SERVER.REMOVE`, NOBODY],
  ["a purge of the account", `${API}.ACCOUNT.PURGE.REDLINE`, NOBODY],
  ["a question to the server", "$SYS.REQ.SERVER.PING", NOBODY],
  ["the account's connections", "$SYS.REQ.ACCOUNT.REDLINE.CONNZ", NOBODY],
  ["any other subject", "anything", NOBODY],
];

const SUBSCRIBE: readonly (readonly [string, readonly Role[]])[] = [
  [`${inboxPrefixOf("coordinator")}.>`, ["coordinator"]],
  [`${inboxPrefixOf("coordinator-b")}.>`, ["coordinator-b"]],
  [`${inboxPrefixOf(alpha)}.>`, N],
  [`${inboxPrefixOf(beta)}.>`, NOBODY],
  [`${inboxPrefixOf("observer")}.>`, ["observer"]],
  [subjects.answersTo(COORDINATOR), ["coordinator"]],
  [subjects.answersTo(second), ["coordinator-b"]],
  [subjects.answersTo(alpha), N],
  [subjects.answersTo(beta), NOBODY],
  [subjects.answersBy(beta), NOBODY],
  [subjects.control(alpha), N],
  [subjects.control(beta), NOBODY],
  [subjects.controlAll, N],
  [subjects.kill, N],
  [subjects.peersTo(alpha), N],
  [subjects.peersTo(beta), NOBODY],
  [subjects.allTimes, C],
  [subjects.time(beta), C],
  [subjects.journal("guess"), C],
  [subjects.allJournals, C],
  [subjects.journalOlder, C],
  [subjects.allRecords, ["observer"]],
  [subjects.record(beta), ["observer"]],
  [subjects.allCommands, NOBODY],
  [subjects.commandsOf(alpha), NOBODY],
  ...[">", "*", "redline.>", "redline.v1.>", "redline.v1.peer.>", "redline.v1.ans.>", "_INBOX.>", "*.>"].map(
    (subject): readonly [string, readonly Role[]] => [subject, NOBODY],
  ),
  ...["$KV.>", "$KV.trial.>", "$O.>", "$JS.>", "$JS.API.>", "$JS.EVENT.>", "$JS.ACK.>", "$SYS.>"].map(
    (subject): readonly [string, readonly Role[]] => [subject, NOBODY],
  ),
];

const programs = serverPrograms();
if (programs.length === 0) it.skip("needs a nats-server: run npm run setup");

describe.each(programs)("rights on the bus under nats-server $version", (program) => {
  let bench: BusBench;
  beforeAll(async () => {
    bench = await startBusBench(program);
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  it("lets the real coordinator make and read all that it needs, without a refusal", async () => {
    await using coordinator = await bench.as("coordinator");
    const jsm = await jetstreamManager(coordinator.connection);
    for (const stream of [
      streams.commands,
      streams.records,
      `KV_${buckets.trial}`,
      `KV_${buckets.inventory}`,
    ])
      expect((await jsm.streams.info(stream)).config.name).toBe(stream);
    for (const id of [alpha, beta, gamma])
      expect((await jsm.consumers.info(streams.commands, consumers.commandsOf(id))).config.ack_policy).toBe(
        AckPolicy.Explicit,
      );
    expect(coordinator.refused).toEqual([]);
    expect(bench.coordinator.said).not.toMatch(/Permissions Violation/i);
  });

  it.each(ROLES)("lets %s publish what is its own, and refuses all else", async (role) => {
    await using client = await bench.as(role);
    const wrong: string[] = [];
    for (const [what, subject, may] of PUBLISH)
      if ((await client.refusesPublish(subject)) === may.includes(role))
        wrong.push(`${may.includes(role) ? "refused" : "let"}: ${what} (${subject})`);
    expect(wrong).toEqual([]);
  });

  it.each(ROLES)("lets %s subscribe to what is its own, and refuses all else", async (role) => {
    await using client = await bench.as(role);
    const wrong: string[] = [];
    for (const [subject, may] of SUBSCRIBE)
      if ((await client.refusesSubscribe(subject)) === may.includes(role))
        wrong.push(`${may.includes(role) ? "refused" : "let"}: ${subject}`);
    expect(wrong).toEqual([]);
  });

  it("hands out no right with a request: two nodes that conspire gain nothing by a reply subject", async () => {
    await using one = await bench.as(alpha);
    await using two = await bench.as(beta);
    two.connection.subscribe(subjects.peersTo(beta), { callback: () => undefined });
    one.connection.subscribe(subjects.peersTo(alpha), { callback: () => undefined });
    await Promise.all([one.connection.flush(), two.connection.flush()]);
    for (const target of [subjects.record(gamma), subjects.command(gamma, "run"), subjects.kill]) {
      for (const to of [alpha, beta])
        one.connection.publish(subjects.peer(alpha, to, "reserve"), "", { reply: target });
      await Promise.all([one.connection.flush(), two.connection.flush()]);
      expect(await two.refusesPublish(target)).toBe(true);
      expect(await one.refusesPublish(target)).toBe(true);
    }
  });

  it("lets nobody in without a key, with a foreign key, or with another role's inbox", async () => {
    const { seeds } = makeNatsConfig({ nodes: ["alpha"], storeDir: "/x" });
    await writeFile(join(bench.dir, "foreign.seed"), seeds["alpha"] ?? "");
    await expect(connectNats({ servers: [bench.server.url], name: alpha })).rejects.toThrow(/authorization/i);
    await expect(bench.as(alpha, "foreign")).rejects.toThrow(/authorization/i);
    await using stranger = await bench.as("gamma", "alpha");
    expect(await stranger.refusesSubscribe(`${inboxPrefixOf(gamma)}.>`)).toBe(true);
  });

  it("leaves the coordinator well after all of it", async () => {
    expect((await bench.coordinator.get("/readyz")).status).toBe(200);
    const { state } = await bench.coordinator.journal();
    expect([state.nodes.size, state.taken.size]).toEqual([0, 0]);
  });
});
