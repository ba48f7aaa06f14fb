import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeIdSchema, studyIdSchema, submitReplySchema } from "@redline/shared";
import { afterEach, beforeEach, expect, it } from "vitest";
import { TcpRelay } from "../../../node-agent/dist/cell/tcp-relay.js";
import { SHA, studyOf } from "../kit/coordinator-bench.ts";
import { CoordinatorProcess } from "../kit/coordinator-process.ts";
import { startNats } from "../kit/nats.ts";
import { until } from "../kit/until.ts";
import { SimNode } from "../scale/sim-node.ts";

const BY = { who: "ann", why: "of a test" };
const N1 = nodeIdSchema.parse("n1");

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-cut-off-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

/** One node daemon's own loops, journal and outbox on a link to the bus that the test cuts; nothing runs out but what a person ends. */
async function startCutBench() {
  const ends: (() => unknown)[] = [];
  const nats = await startNats();
  ends.push(() => nats[Symbol.asyncDispose]());
  const server = { host: "127.0.0.1", port: Number(new URL(nats.url).port) };
  const open = (port: number) => TcpRelay.start({ listen: { host: "127.0.0.1", port }, to: server });
  let link = await open(0);
  const { port } = link;
  ends.push(() => link.close());
  const coordinator = await CoordinatorProcess.create({
    REDLINE_NATS_URLS: nats.url,
    REDLINE_NODES: N1,
    ...{ REDLINE_LEASE_MS: "600000", REDLINE_ACCEPT_MS: "600000", REDLINE_NODE_SILENT_MS: "600000" },
  });
  ends.push(() => coordinator[Symbol.asyncDispose]());
  await coordinator.start();
  const node = await SimNode.start({
    ...{ node: N1, url: `nats://127.0.0.1:${port}`, publicKey: await coordinator.publicKey(), dir },
    ...{ specimenSha256: SHA, slots: 2, beatMs: 200, workMs: () => 3_600_000, limitMs: 600_000 },
  });
  ends.push(() => node[Symbol.asyncDispose]());
  await until("the node is seen", async () => (await coordinator.journal()).state.nodes.size === 1);
  const submit = async () => {
    const { status, text } = await coordinator.post(
      "/api/studies",
      studyOf({ trials: 1, scenario: "local-copy" }),
    );
    expect([status, text]).toEqual([201, text]);
    return studyIdSchema.parse(submitReplySchema.parse(JSON.parse(text)).study);
  };
  const trialOf = async (study: ReturnType<typeof studyIdSchema.parse>) =>
    (await coordinator.journal()).state.trialsOf(study)[0];
  return {
    ...{ coordinator, node, submit, trialOf },
    cut: () => link.close(),
    mend: async () => {
      link = await open(port);
    },
    async [Symbol.asyncDispose]() {
      for (const end of ends.toReversed()) await end();
    },
  };
}

const ORDERS = [
  ["a trial", (study: string, trial: string) => [`/api/trials/${trial}/cancel`, study]],
  ["a study", (study: string) => [`/api/studies/${study}/cancel`, study]],
  ["everything", (study: string) => ["/api/stop", study]],
] as const;

it.each(ORDERS)("ends %s on a node that was cut off, once it is back", async (_name, pathOf) => {
  await using b = await startCutBench();
  const study = await b.submit();
  const trial = await until("it runs", async () => {
    const one = await b.trialOf(study);
    return one?.state === "running" && one;
  });
  b.cut();
  const [path = ""] = pathOf(study, trial.trial);
  const answer = b.coordinator.post(path, BY);
  await until("the journal has it", async () => (await b.trialOf(study))?.state === "cancelled");
  expect(b.node.registry.inUse).toBe(1);
  await b.mend();
  await until("it is ended", () => b.node.registry.inUse === 0);
  await until("its last record came", async () =>
    (await b.trialOf(study))?.attempts[0]?.closed.has("origin"),
  );
  expect((await answer).status).toBe(200);
  expect(b.node.starts).toHaveLength(1);
});

it("starts nothing that was placed and cancelled while the node was cut off", async () => {
  await using b = await startCutBench();
  b.cut();
  const study = await b.submit();
  await until("it is placed", async () => (await b.trialOf(study))?.state === "placed");
  const answer = b.coordinator.post(`/api/studies/${study}/cancel`, BY);
  await until("it is cancelled", async () => (await b.trialOf(study))?.state === "cancelled");
  await b.mend();
  await answer;
  // What comes after it is read after it.
  await b.submit();
  await until("the next one runs", () => b.node.starts.length > 0);
  expect(b.node.starts.some((start) => start.startsWith(study))).toBe(false);
  expect(b.node.registry.inUse).toBe(1);
});
