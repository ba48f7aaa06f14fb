import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "@nats-io/transport-node";
import {
  drainReplySchema,
  keys,
  kvSubject,
  buckets,
  nodesReplySchema,
  openTime,
  subjects,
  COORDINATOR,
  nodeIdSchema,
  type StudyId,
} from "@redline/shared";
import { expect, it } from "vitest";
import { startBench, startsOf, statesOf, studyOf, type CoordinatorBench } from "../kit/coordinator-bench.ts";
import { until } from "../kit/until.ts";

const BY = { who: "ann", why: "of a test" };
const N1 = nodeIdSchema.parse("n1");
const studyIn = async (b: CoordinatorBench, id: StudyId) =>
  (await b.coordinator.journal()).state.studies.get(id);
const nodesIn = async (b: CoordinatorBench) =>
  nodesReplySchema.parse(JSON.parse((await b.coordinator.get("/api/nodes")).text));

it.concurrent.each(["given-up", "sent-back"] as const)(
  "ends an attempt at once whose command is %s, and sets the command aside",
  async (unread) => {
    // Nobody waits for the acceptance: it could take ten minutes.
    await using b = await startBench({ REDLINE_ACCEPT_MS: "600000" }, { slots: 1 });
    for (const node of b.nodes) node.unread = unread;
    const id = await b.submit(studyOf({ trials: 1, scenario: "local-copy", more: { maxAttempts: 2 } }));
    const [trial] = await b.ended(id);
    expect(trial).toMatchObject({ state: "invalid" });
    expect(trial?.attempts.map(({ fault }) => fault)).toEqual(["command-undelivered", "command-undelivered"]);
    expect(trial?.attempts[0]?.detail).toMatch(
      unread === "given-up" ? /^n\d gave its command up/ : /^n\d was given its command 5 times/,
    );
    const aside = await until("set aside", async () => {
      const lines = (await readFile(join(b.coordinator.dir, "set-aside.jsonl"), "utf8")).trim().split("\n");
      // Orders to cancel that nobody took are set aside too.
      const runs = lines.filter((line) => /"what":"command".*, attempt [12]"/.test(line));
      return runs.length >= 2 && runs;
    });
    expect(aside).toHaveLength(2);
    // The queue is free again: what follows is not held up by what was poison.
    for (const node of b.nodes) node.unread = null;
    expect(statesOf(await b.ended(await b.submit(studyOf({ trials: 3, scenario: "local-copy" }))))).toEqual([
      ...["done", "done", "done"],
    ]);
  },
);

it.concurrent("places nothing on a drained node, over a restart too, until it is given back", async () => {
  await using b = await startBench({}, { slots: 4, runMs: 60_000 });
  const [n1, n2, n3] = b.nodes;
  const first = await b.submit(studyOf({ trials: 3, scenario: "local-copy" }));
  await until("all run", () => startsOf(b.nodes).length === 3);
  const before = n1?.starts.length ?? 0;
  const { status, text } = await b.coordinator.post("/api/nodes/n1/drain", BY);
  expect([status, drainReplySchema.parse(JSON.parse(text))]).toEqual([
    200,
    { node: "n1", drained: true, attempts: before },
  ]);
  expect((await b.coordinator.post("/api/nodes/n1/drain", BY)).status).toBe(409);
  expect((await b.coordinator.post("/api/nodes/n9/drain", BY)).status).toBe(404);
  expect((await b.coordinator.post("/api/nodes/n1/drain", { ...BY, why: " " })).status).toBe(422);

  await b.coordinator.end("SIGKILL");
  await b.coordinator.start();
  await until("nodes are back", async () => (await nodesIn(b)).nodes.every(({ ageMs }) => ageMs < 1000));
  for (const node of b.nodes) node.runMs = 20;
  const second = await b.submit(studyOf({ trials: 6, scenario: "local-copy" }));
  expect(statesOf(await b.ended(second))).toEqual(Array.from({ length: 6 }, () => "done"));
  expect(n1?.starts.length).toBe(before);
  expect([n2, n3].map((node) => (node?.starts.length ?? 0) > 0)).toEqual([true, true]);
  // What ran there was left alone, and counts until it is over.
  const row = (await nodesIn(b)).nodes.find(({ inventory }) => inventory.node === N1);
  expect(row).toMatchObject({ drained: BY, attempts: before });
  expect((await b.trialsOf(first)).map(({ state }) => state)).toEqual(["running", "running", "running"]);
  await b.coordinator.post(`/api/studies/${first}/cancel`, BY);

  expect((await b.coordinator.post("/api/nodes/n1/undrain", BY)).status).toBe(200);
  for (const node of ["n2", "n3"]) await b.coordinator.post(`/api/nodes/${node}/drain`, BY);
  await b.ended(await b.submit(studyOf({ trials: 2, scenario: "local-copy" })));
  expect(n1?.starts.length).toBeGreaterThan(before);
});

it.concurrent(
  "pauses a study whose environment is broken, says why, and counts afresh when a person resumes it",
  async () => {
    await using b = await startBench({}, { slots: 2 });
    for (const node of b.nodes) node.refuse = "its disk is full";
    const more = { faultLimit: { of: 4, share: 0.5 }, maxAttempts: 1 };
    const id = await b.submit(studyOf({ trials: 40, scenario: "local-copy", more }));
    const paused = await until("paused", async () => {
      const study = await studyIn(b, id);
      return study?.paused != null && study.paused;
    });
    expect(paused.who).toBe("faults");
    expect(paused.why).toMatch(
      /^4 of the last 4 attempts ended in infra faults, 4 of them node-refused \(\d on n\d\)/,
    );
    expect((await b.coordinator.get("/metrics")).text).toContain('redline_studies_paused{by="faults"} 1');
    for (const node of b.nodes) node.refuse = null;
    expect((await b.coordinator.post(`/api/studies/${id}/resume`, { ...BY, who: "faults" })).status).toBe(
      422,
    );
    expect((await b.coordinator.post(`/api/studies/${id}/resume`, BY)).status).toBe(200);
    const states = statesOf(await b.ended(id));
    expect(states.filter((state) => state === "done").length).toBeGreaterThan(20);
  },
);

it.concurrent(
  "tells nodes its clock, and nobody else; names a node of another version and gives it no work",
  async () => {
    await using b = await startBench();
    await using nc = await closing(b.nats.url);
    const publicKey = await b.coordinator.publicKey();
    const ask = async (subject: string) => {
      const id = randomBytes(16).toString("hex");
      const answers = nc.connection.subscribe(subjects.answerOfAny(N1, id), { max: 1, timeout: 700 });
      nc.connection.publish(subject, JSON.stringify({ v: 1, id }), {
        reply: subjects.answer(COORDINATOR, N1, id),
      });
      try {
        for await (const { data } of answers) return openTime(data, { publicKey, node: N1, id });
      } catch {
        // No answer in time.
      }
      return null;
    };
    const [one, two] = [await ask(subjects.time(N1)), await ask(subjects.time(N1))];
    expect(one?.epoch).toBe(1);
    expect(two?.t1Ms).toBeGreaterThan(one?.t2Ms ?? Infinity);
    expect(await ask(subjects.time(nodeIdSchema.parse("n9")))).toBeNull();

    const other = { v: 2, node: "n1", state: "ready", whatever: true };
    b.nodes[0]?.goSilent();
    const { otherVersions } = await until("seen", async () => {
      // Again and again: one that the node sent just before could come after it.
      nc.connection.publish(kvSubject(buckets.inventory, keys.inventory(N1)), JSON.stringify(other));
      const reply = await nodesIn(b);
      return reply.otherVersions.length > 0 && reply;
    });
    expect(otherVersions).toMatchObject([
      {
        node: "n1",
        protocol: 2,
        why: "the coordinator speaks protocol 1 and the node daemon of n1 2: upgrade the coordinator",
      },
    ]);
    await b.ended(await b.submit(studyOf({ trials: 4, scenario: "local-copy" })));
    expect(b.nodes[0]?.starts).toEqual([]);
  },
);

/** A connection of nobody in particular. */
async function closing(url: string) {
  const connection = await connect({ servers: [url] });
  return { connection, [Symbol.asyncDispose]: () => connection.close() };
}
