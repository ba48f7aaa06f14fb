import { generateKeyPairSync } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { ask, createLogger, StreamPublisher } from "@redline/daemon";
import {
  approvalsSchema,
  attemptKeySchema,
  COORDINATOR,
  nodeIdSchema,
  signCommand,
  subjects,
  type Command,
  type InterventionAct,
  type NodeRecordBody,
} from "@redline/shared";
import { expect, it } from "vitest";
import { Dispatcher } from "../../../coordinator/dist/dispatcher.js";
import { Registry } from "../../../node-agent/dist/attempts/registry.js";
import { serveControl } from "../../../node-agent/dist/dispatch/control.js";
import { openOversight } from "../../../node-agent/dist/oversight/oversight.js";
import { startNats } from "../kit/nats.ts";
import { until } from "../kit/until.ts";

const alpha = nodeIdSchema.parse("alpha");
const key = attemptKeySchema.parse({ trial: "s-0000-001", attempt: 1, epoch: 1 });
const logger = createLogger("test", "silent");
const REPLY = {
  ...{ text: "", usage: { promptTokens: 1, completionTokens: 1 }, waitedMs: 0 },
  toolCalls: [{ id: "1", name: "run_command", arguments: '{"command":"rm x"}' }],
};

/** The coordinator's dispatcher and a node's control path and oversight over a real server; the agent and its cell are not there. */
async function bench() {
  const nats = await startNats();
  const [mine, coordinator] = await Promise.all([
    connect({ servers: [nats.url] }),
    connect({ servers: [nats.url] }),
  ]);
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const registry = new Registry(1);
  const ended = new AbortController();
  const records: NodeRecordBody[] = [];
  const heard: string[] = [];
  const oversight = openOversight({
    order: { key, approvals: approvalsSchema.parse({ rules: [{ pattern: "rm", do: "ask" }] }) },
    log: { write: (body) => Promise.resolve(records.push(body)) },
    signal: ended.signal,
    deliver: (text) => Promise.resolve(void heard.push(text)),
  });
  const refuse = () => Promise.resolve({ v: 1 as const, running: 0, done: false, why: "not here" });
  serveControl({
    ...{ nc: mine, node: alpha, registry, publicKey, epoch: { highest: 1 }, now: Date.now, logger },
    ...{ lifeLine: { pulse: () => true }, onSelfTest: refuse, onClear: refuse },
    stops: { stop: () => Promise.resolve(0) },
    held: { cancel: () => undefined, stop: () => undefined },
    cancelled: { note: () => undefined },
    ...{ clock: { now: () => null }, hurry: { now: () => undefined } },
  });
  await mine.flush();
  const clock = { monoMs: () => performance.now(), now: () => new Date() };
  const dispatcher = new Dispatcher({
    ...{
      connection: coordinator,
      publisher: new StreamPublisher(coordinator, "coordinator", 2000),
      jsm: await jetstreamManager(coordinator),
    },
    ...{ key: privateKey, epoch: 1, clock, log: logger, signal: ended.signal },
    bus: { upSinceMs: 0 },
  });
  const order = (act: InterventionAct, attempt = 1) => ({
    ...{ verb: "intervene" as const, trial: key.trial, attempt, who: "ann", why: "of a test", act },
  });
  return {
    ...{ registry, oversight, records, heard, order },
    act: (id: string, act: InterventionAct, attempt = 1) =>
      dispatcher.ask(alpha, id, order(act, attempt), 3000),
    /** The same signed bytes, as somebody who heard them could send them again. */
    replay(id: string, what: Command["order"]) {
      const at = (ms: number) => new Date(Date.now() + ms).toISOString();
      const command = {
        v: 1 as const,
        id,
        aud: alpha,
        epoch: key.epoch,
        issuedAt: at(0),
        expiresAt: at(60_000),
      };
      const bytes = JSON.stringify(signCommand({ ...command, order: what }, privateKey));
      const route = { from: COORDINATOR, to: alpha, subject: subjects.control(alpha) };
      return () => ask(coordinator, route, bytes, 3000);
    },
    async [Symbol.asyncDispose]() {
      ended.abort(new Error("the test is over"));
      await registry.cancel(() => true, "end");
      await Promise.all([mine.close(), coordinator.close()]);
      await nats[Symbol.asyncDispose]();
    },
  };
}

it("carries a person's acts from the coordinator to the agent's gate, each once, and says what did not take effect", async () => {
  await using b = await bench();
  expect(await b.act("a1", { do: "pause" })).toMatchObject({ done: false, running: 0 });
  const part = b.registry.take(
    key,
    "origin",
    (own) => new Promise<void>((resolve) => own.cancel.signal.addEventListener("abort", () => resolve())),
  );
  if (part === null) throw new Error("no slot");
  part.phase = "cell";
  expect(await b.act("a2", { do: "pause" })).toMatchObject({
    ...{ done: false, why: "no agent runs now; the attempt is at: cell" },
  });
  part.intervene = (order) => b.oversight.intervene(order);
  expect(await b.act("a3", { do: "pause" }, 2)).toMatchObject({ done: false });

  const { signal } = new AbortController();
  let passed: string | null = null;
  const review = b.oversight.gate.review(REPLY, signal).then((said) => (passed = said.do));
  await until("it asks", () => b.records.length === 1);
  expect(await b.act("a4", { do: "pause" })).toMatchObject({ done: true, running: 1 });
  const allow = b.replay("a5", b.order({ do: "decide", id: "q1", allow: true }));
  const said = await Promise.all([allow(), allow()]);
  expect(said.map((answer) => answer.json<{ done: boolean }>().done)).toEqual([true, true]);
  await turn();
  expect(passed).toBeNull();
  expect(await b.act("a6", { do: "decide", id: "q1", allow: false })).toMatchObject({ done: false });
  expect(await b.act("a7", { do: "resume" })).toMatchObject({ done: true });
  expect(await review).toBe("pass");

  const tell = b.replay("a8", b.order({ do: "message", text: "well done" }));
  await Promise.all([tell(), tell()]);
  await tell();
  expect(b.heard).toEqual(["well done"]);
  expect(
    b.records.map((body) =>
      body.kind === "intervened" ? body.act.do : body.kind === "approval" ? body.decision : body.kind,
    ),
  ).toEqual(["asked", "pause", "decide", "allow", "resume", "message"]);
});
