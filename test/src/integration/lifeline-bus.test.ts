import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask as askOf, connectNats, EVERYONE, makeNatsConfig } from "@redline/daemon";
import {
  COORDINATOR,
  nodeIdSchema,
  signCommand,
  signKill,
  subjects,
  trialIdSchema,
  type Command,
} from "@redline/shared";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { killCommand } from "../../../cli/dist/commands/kill.js";
import { testContext } from "../../../cli/dist/testing/test-context.js";
import { serveControl } from "../../../node-agent/dist/dispatch/control.js";
import { KillSwitch } from "../../../node-agent/dist/lifeline/kill.js";
import { serveKills } from "../../../node-agent/dist/lifeline/kill-subject.js";
import { LifeLine } from "../../../node-agent/dist/lifeline/life-line.js";
import { BareNode } from "../../../node-agent/dist/lifeline/lifeline-fixture.js";
import { Quarantine } from "../../../node-agent/dist/lifeline/quarantine.js";
import { StopOrders } from "../../../node-agent/dist/lifeline/stop-orders.js";
import { serverPrograms, startServer, type RunningServer } from "./deploy-nats-server.ts";

const alpha = nodeIdSchema.parse("alpha");
const trial = trialIdSchema.parse("s-1-001");
const [program] = serverPrograms();
if (program === undefined) it.skip("needs a nats-server: run npm run setup");

/** A node's end of the bus under the real server and its rights; what it does is told by fakes of the cells alone. */
describe.skipIf(program === undefined)("pulses, orders and kills on the bus", () => {
  let dir = "";
  let server: RunningServer;
  let mine: NatsConnection;
  let coordinator: NatsConnection;
  let node = new BareNode();
  let quarantine: Quarantine;
  let lifeLine: LifeLine;
  const asked: string[] = [];
  const privateKey = generateKeyPairSync("ed25519").privateKey;
  const publicKey = createPublicKey(createPrivateKey(privateKey.export({ type: "pkcs8", format: "pem" })));
  const file = (name: string) => join(dir, name);

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "redline-lifeline-bus-"));
    const { config, seeds } = makeNatsConfig({
      nodes: ["alpha"],
      storeDir: file("js"),
      listen: "127.0.0.1:-1",
      serverVersion: program?.version ?? "",
    });
    writeFileSync(file("nats.conf"), config);
    for (const sub of ["keys", "coordinator"]) mkdirSync(file(sub));
    for (const [role, seed] of Object.entries(seeds)) writeFileSync(file(`keys/${role}.nk`), seed);
    writeFileSync(file("coordinator/coordinator.key"), privateKey.export({ type: "pkcs8", format: "pem" }));
    server = await startServer(program?.path ?? "", file("nats.conf"), dir);
    const as = (name: string) =>
      connectNats({ servers: [server.url], name, nkeySeedFile: file(`keys/${name}.nk`) });
    mine = await as("alpha");
    coordinator = await as("coordinator");
    const current = () => node;
    const registry = () => current().registry;
    // One subscription for all tests: what it acts on is made anew for each.
    serveControl({
      nc: mine,
      node: alpha,
      get registry() {
        return registry();
      },
      publicKey,
      epoch: { highest: 2 },
      now: Date.now,
      held: { cancel: () => undefined, stop: () => undefined },
      cancelled: { note: () => undefined },
      clock: { now: () => null },
      hurry: { now: () => undefined },
      logger: node.logger,
      lifeLine: { pulse: (order, epoch) => lifeLine.pulse(order, epoch) },
      get stops() {
        return new StopOrders(current().parts);
      },
      onSelfTest: (reason) => {
        asked.push(reason);
        return Promise.resolve({ v: 1, running: 0, done: false, why: "cells run" });
      },
      onClear: async ({ who, reason }) => {
        await quarantine.clear(who, reason);
        return { v: 1, running: 0, done: true, why: "" };
      },
    });
    const kills = {
      kill: (...args: Parameters<KillSwitch["kill"]>) =>
        new KillSwitch({ ...node.parts, quarantine, path: file("kill") }).kill(...args),
    };
    serveKills({ nc: mine, node: alpha, publicKey, kills, now: Date.now, logger: node.logger });
    await mine.flush();
  });
  afterAll(async () => {
    await Promise.all([mine.close(), coordinator.close()]);
    await server[Symbol.asyncDispose]();
    rmSync(dir, { recursive: true });
  });
  beforeEach(() => {
    node = new BareNode();
    rmSync(file("quarantine.json"), { force: true });
    quarantine = new Quarantine({ ...node.parts, path: file("quarantine.json"), killPath: file("kill") });
    lifeLine = new LifeLine({ ...node.parts, limitMs: 3000 });
    node.cell(`${trial}-1-o`);
    node.part(trial);
  });

  let commands = 0;
  const signed = (order: Command["order"], more: Partial<Command> = {}, key = privateKey) =>
    JSON.stringify(
      signCommand(
        {
          v: 1,
          id: `c${(commands += 1)}`,
          aud: alpha,
          epoch: 2,
          issuedAt: new Date().toISOString(),
          expiresAt: new Date(Date.now() + 60_000).toISOString(),
          order,
          ...more,
        },
        key,
      ),
    );
  const ask = async (text: string): Promise<unknown> =>
    (
      await askOf(coordinator, { from: COORDINATOR, to: alpha, subject: subjects.control(alpha) }, text, 5000)
    ).json();
  const tell = async (text: string) => {
    coordinator.publish(subjects.control(alpha), text);
    // A question that is answered comes after what was told before it.
    await ask(signed({ verb: "cancel", trial: trialIdSchema.parse("other"), attempt: 1, reason: "sync" }));
  };

  it("a pulse keeps an attempt alive; one of another key, of a term that is over, or out of date does not", async () => {
    const pulse = (beat: number) => ({ verb: "pulse" as const, beat, live: [{ trial, attempt: 1 }] });
    await tell(signed(pulse(1)));
    expect(lifeLine.silentMs()).toBe(0);
    node.now += 1000;
    await tell(signed(pulse(2), { epoch: 1 }));
    await tell(signed(pulse(3), { expiresAt: new Date(Date.now() - 1).toISOString() }));
    const other = generateKeyPairSync("ed25519").privateKey;
    await tell(signed(pulse(4), {}, other));
    expect(lifeLine.silentMs()).toBe(1000);
    await tell(signed(pulse(5)));
    expect(lifeLine.silentMs()).toBe(0);
  });

  it("a stop empties the cells, records it and is answered when all is gone", async () => {
    expect(await ask(signed({ verb: "stop", reason: "drill" }))).toEqual({
      v: 1,
      node: "alpha",
      ended: 1,
      running: 0,
    });
    expect(node.events).toEqual([`empty ${trial}-1-o`, `told ${trial} cancelled`, "record emptied"]);
  });

  it("a self-test is asked for once, though the question comes twice, and its refusal comes back", async () => {
    const order = signed({ verb: "self-test", reason: "drill" });
    const answer = { v: 1, node: "alpha", running: 1, done: false, why: "cells run" };
    expect([await ask(order), await ask(order)]).toEqual([answer, answer]);
    expect(asked).toEqual(["drill"]);
  });

  it("a kill by the command line empties and quarantines, without the coordinator", async () => {
    const { context, out, err } = testContext(dir);
    const code = await killCommand(context, { json: false, state: dir, nats: [server.url], why: "drill" });
    expect(err.text()).toContain("answers are collected for 3 s");
    expect(out.text()).toMatch(/^alpha: ended 1 cells in \d+ ms$/m);
    expect(code).toBe(0);
    expect(quarantine.why()).toMatch(/^kill-subject: .*: drill$/);
    expect(node.events[0]).toBe(`empty ${trial}-1-o`);
    expect(node.registry.inUse).toBe(0);
  });

  it("a clear lifts what a kill did, and the bytes of that kill again do nothing", async () => {
    const kill = { who: "op", why: "drill", issuedAt: new Date().toISOString() };
    const text = JSON.stringify(signKill(kill, privateKey));
    let asked = 0;
    const everyone = nodeIdSchema.parse(EVERYONE);
    const killed = async (bytes: string): Promise<unknown> => {
      const id = `kill${(asked += 1)}`;
      const answers = coordinator.subscribe(subjects.answer(alpha, COORDINATOR, id), {
        max: 1,
        timeout: 5000,
      });
      coordinator.publish(subjects.kill, bytes, { reply: subjects.answer(everyone, COORDINATOR, id) });
      for await (const answer of answers) return answer.json();
      return null;
    };
    expect(await killed(text)).toEqual({ v: 1, node: "alpha", cells: 1, tookMs: 5 });
    expect(quarantine.why()).toBe("kill-subject: op: drill");
    const order = { verb: "clear" as const, who: "op", reason: "looked", force: false };
    expect(await ask(signed(order))).toMatchObject({ done: true });
    expect(quarantine.why()).toBeNull();
    await killed(text);
    expect(quarantine.why()).toBeNull();
    // Of another key: not even answered.
    const other = JSON.stringify(
      signKill({ ...kill, why: "forged" }, generateKeyPairSync("ed25519").privateKey),
    );
    coordinator.publish(subjects.kill, other);
    await killed(text);
    expect(quarantine.why()).toBeNull();
  });

  it("a kill by the command line without NATS goes by file to every node of a lab, and says who took it up", async () => {
    const state = file("lab");
    for (const name of ["coordinator", "alpha", "beta"]) {
      mkdirSync(join(state, name), { recursive: true });
      writeFileSync(join(state, name, "journal.jsonl"), "");
    }
    const stop = new AbortController();
    const path = join(state, "alpha", "kill");
    const there = new Quarantine({
      ...node.parts,
      path: join(state, "alpha", "quarantine.json"),
      killPath: path,
    });
    new KillSwitch({ ...node.parts, quarantine: there, path }).start(stop.signal);
    const context = testContext(dir);
    const code = await killCommand(context.context, { json: false, state, nats: [], why: "drill" });
    stop.abort();
    expect(context.out.text()).toMatch(/^alpha: took it up/m);
    expect(context.out.text()).toMatch(/^beta: did not take it up within 3 s/m);
    expect(code).toBe(4);
    expect(there.why()).toMatch(/^kill-file: the kill file is there: .*: drill$/);
    expect(node.registry.inUse).toBe(0);
  });
});
