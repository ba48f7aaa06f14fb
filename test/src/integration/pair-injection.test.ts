import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import {
  buckets,
  consumers,
  keys,
  kvSubject,
  nodeIdSchema,
  objectBucket,
  streams,
  subjects,
} from "@redline/shared";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NODES, statesOf, studyOf } from "../kit/coordinator-bench.ts";
import { roleOf, startPair, type CoordinatorPair } from "../kit/coordinator-pair.ts";
import { redline } from "../kit/redline.ts";
import { until } from "../kit/until.ts";
import { BusClient } from "./bus-client.ts";
import { serverPrograms, startServer, type RunningServer } from "./deploy-nats-server.ts";

// The server's answers go wherever a request says. Neither the journal's stream nor the place that says who leads may take them from a
// node; and where a node learned their subjects, the pair must not mind.

const node = (id: string) => nodeIdSchema.parse(id);
const [evilName] = NODES.map(node);
const LEAD = `KV_${buckets.lead}`;
const API = "$JS.API";
const [program] = serverPrograms();

describe.skipIf(program === undefined)("answers of the server laid into what a pair shares", () => {
  let dir = "";
  let server: RunningServer;
  let pair: CoordinatorPair;
  let evil: BusClient;
  let reader: BusClient;
  let jsm: JetStreamManager;
  let requests: (readonly [string, string])[] = [];

  beforeAll(async () => {
    if (program === undefined || evilName === undefined) return;
    dir = await mkdtemp(join(tmpdir(), "redline-pair-injection-"));
    const lab = join(dir, "lab");
    const made = await redline(
      [
        ...["init", lab, "--standby", "--nodes", NODES.join(",")],
        ...["--listen", "127.0.0.1:-1", "--server-version", program.version],
      ],
      dir,
    ).ended;
    expect([made.code, made.stderr]).toEqual([0, expect.any(String)]);
    server = await startServer(program.path, join(lab, "nats/nats.conf"), dir);
    const logins = {
      settingsOf: (name: string) => ({
        REDLINE_NATS_NKEY_FILE: join(lab, name, "coordinator.seed"),
        REDLINE_SIGNING_KEY_FILE: join(lab, name, "coordinator.key"),
      }),
      seedOf: (name: string) => join(lab, "nodes", name, "node.seed"),
    };
    pair = await startPair(server.url, {}, {}, logins);
    evil = await BusClient.as(server.url, join(lab, "nodes", evilName), evilName, "node");
    reader = await BusClient.as(server.url, join(lab, "coordinator"), "coordinator");
    jsm = await jetstreamManager(reader.connection);
    const own = `${streams.commands}.${consumers.commandsOf(evilName)}`;
    requests = [
      [`${API}.INFO`, ""],
      [`${API}.CONSUMER.INFO.${own}`, ""],
      [`${API}.CONSUMER.MSG.NEXT.${own}`, '{"no_wait":true,"batch":1}'],
      [`${API}.STREAM.INFO.OBJ_${objectBucket(evilName)}`, ""],
      [subjects.record(evilName), "{}"],
      [kvSubject(buckets.inventory, evilName), "{}"],
    ];
  }, 300_000);
  afterAll(async () => {
    await evil.connection.close();
    await reader.connection.close();
    await pair[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });

  /** Has the server answer to each of `targets`. */
  async function lay(targets: readonly string[], times = 1): Promise<void> {
    for (let round = 0; round < times; round += 1)
      for (const reply of targets)
        for (const [subject, data] of requests) evil.connection.publish(subject, data, { reply });
    await evil.connection.flush();
    await reader.connection.flush();
  }

  /** Subjects of what a stream holds. */
  const held = async (stream: string) => {
    const { state } = await jsm.streams.info(stream, { subjects_filter: ">" });
    return Object.keys(state.subjects ?? {});
  };
  /** The one subject that a stream takes. */
  const subjectOf = async (stream: string) => (await jsm.streams.info(stream)).config.subjects[0] ?? "";
  /** Messages of the journal's stream that are no coordinator's: an answer is JSON from its first byte on. */
  async function foreign(): Promise<number> {
    const { state } = await jsm.streams.info(streams.journal);
    let count = 0;
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1)
      if ((await jsm.streams.getMessage(streams.journal, { seq }))?.string().startsWith('{"')) count += 1;
    return count;
  }

  it("takes nothing at any subject that a node can think of", async () => {
    const { leader } = await pair.roles();
    const guesses = [
      ...["redline.v1.jrn.lines", "redline.v1.jrn.lines.*", "redline.v1.jrn.lines.>", "redline.v1.jrn.>"],
      ...[subjects.journal("guess"), subjects.journal("0".repeat(32)), subjects.journalOlder],
      ...[kvSubject(buckets.lead, "leader"), kvSubject(buckets.lead, "*"), kvSubject(buckets.lead, ">")],
      kvSubject(buckets.lead, keys.leader("guess")),
    ];
    // So that this can fail: elsewhere the server does lay them.
    const elsewhere = subjects.record(node("nobody"));
    await lay([...guesses, elsewhere]);
    await until("it does", async () => (await held(streams.records)).includes(elsewhere));

    const [journal, lead] = [await subjectOf(streams.journal), await subjectOf(LEAD)];
    expect([journal, lead]).toEqual([
      expect.stringMatching(/^redline\.v1\.jrn\.lines\.[0-9a-f]{32}$/),
      expect.stringMatching(/^\$KV\.lead\.leader-[0-9a-f]{32}$/),
    ]);
    expect([await held(streams.journal), await held(LEAD)]).toEqual([[journal], [lead]]);
    expect(await foreign()).toBe(0);
    // Nor may a node ask what the subjects are.
    for (const stream of [streams.journal, LEAD])
      for (const what of ["STREAM.INFO", "STREAM.MSG.GET", "CONSUMER.CREATE"])
        expect(await evil.refusesPublish(`${API}.${what}.${stream}`)).toBe(true);
    expect(await evil.refusesPublish(`${API}.STREAM.NAMES`)).toBe(true);
    expect(await evil.refusesSubscribe(subjects.allJournals)).toBe(true);
    expect([leader.exited(), await roleOf(leader)]).toEqual([null, "leader"]);
  });

  it("goes on, and changes places, where the subjects are known all the same", async () => {
    const { leader, standby } = await pair.roles();
    const targets = [await subjectOf(streams.journal), await subjectOf(LEAD)];
    const first = pair.submit(studyOf({ trials: 3, scenario: "local-copy" }));
    await lay(targets, 3);
    expect(statesOf(await pair.ended(await first))).toEqual(["done", "done", "done"]);
    expect(await foreign()).toBeGreaterThan(0);
    expect([leader.exited(), await roleOf(leader), standby.exited()]).toEqual([null, "leader", null]);

    await leader.end("SIGKILL");
    await lay(targets);
    await until("the other leads", async () => (await roleOf(standby)) === "leader");
    await lay(targets);
    await leader.start();
    const study = await pair.submit(studyOf({ trials: 2, scenario: "local-copy" }));
    expect(statesOf(await pair.ended(study))).toEqual(["done", "done"]);
    await pair.same();
    expect(leader.said).toContain("no coordinator wrote this message");
  });
});
