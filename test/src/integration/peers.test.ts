import { generateKeyPairSync } from "node:crypto";
import { connect } from "@nats-io/transport-node";
import { ask, createLogger } from "@redline/daemon";
import {
  commandSchema,
  nodeIdSchema,
  runOrderSchema,
  signCommand,
  subjects,
  type NodeRecordBody,
  type PeerVerb,
} from "@redline/shared";
import { expect, it } from "vitest";
import { AttemptCancelled, AttemptFault } from "../../../node-agent/dist/attempts/attempt-fault.js";
import { Registry } from "../../../node-agent/dist/attempts/registry.js";
import { instrumentsFixture } from "../../../node-agent/dist/challenge/instruments-fixture.js";
import { servePeers } from "../../../node-agent/dist/peer/peer-service.js";
import { createTargetLink } from "../../../node-agent/dist/peer/target-link.js";
import { EMPTY_BASELINE } from "../../../node-agent/dist/sterility/baseline.js";
import { newEphemeralKey } from "../../../node-agent/dist/ssh/ephemeral-key.js";
import { startNats } from "../kit/nats.ts";
import { SCENARIOS } from "../kit/scenarios.ts";
import { until } from "../kit/until.ts";

const [N1, N2] = [nodeIdSchema.parse("n1"), nodeIdSchema.parse("n2")];
const logger = createLogger("test", "silent");
const order = runOrderSchema.parse({
  ...{ verb: "run", study: "s-1", key: { trial: "s-1-001", attempt: 1, epoch: 1 } },
  ...{ scaffold: { kind: "tools" }, condition: {}, scenario: SCENARIOS["cross-device"] },
  specimen: { name: "tiny", sha256: "a".repeat(64), weights: "mounted" },
  ...{ brain: { provider: "scripted", behaviour: "competent" }, brainName: "competent" },
  ...{ devices: { origin: N1, target: N2 }, limits: {} },
});

/** The target's daemon of an attempt over a real bus, with a cell that is being built until its part ends. */
async function startTarget() {
  const nats = await startNats();
  const nc = await connect({ servers: [nats.url] });
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const registry = new Registry(1);
  const written: NodeRecordBody[] = [];
  const log = {
    node: N2,
    write: (body: NodeRecordBody) => Promise.resolve(written.push(body)),
  };
  const sterility = {
    sterility: {
      takeBaseline: () => Promise.resolve({ node: EMPTY_BASELINE, gpus: [] }),
      proveSterile: () => Promise.resolve({ clean: true, checks: [], tookMs: 1 }),
    },
    secondLooks: { plan: () => undefined },
    failedLooks: { note: () => undefined },
    book: { others: () => [], uidOf: () => 0, addListener: () => undefined },
    quarantine: () => Promise.resolve(),
    ...{ log, logger },
  };
  const driver = {
    name: "fake",
    build: (_spec: unknown, signal: AbortSignal) =>
      new Promise<never>((_, reject) => {
        const failed = () => reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
        if (signal.aborted) failed();
        else signal.addEventListener("abort", failed, { once: true });
      }),
    cells: () => [],
    emptyAll: () => Promise.resolve({ cells: 0, tookMs: 0 }),
    sweepLeftovers: () => Promise.resolve([]),
  };
  servePeers({
    ...{ nc, node: N2, registry, publicKey, minEpoch: () => 1, clock: { now: () => null } },
    ...{ refuse: () => null, draining: () => false, log: logger },
    context: { log, logger, driver, sealer: { seal: () => Promise.resolve() }, sterility },
    deps: {
      eyes: {
        snapshot: () => Promise.reject(new Error("not in this test")),
        watchListeners: () => undefined,
        probe: () => Promise.resolve([]),
      },
      instruments: instrumentsFixture(),
      specimens: { find: () => null },
      openBrain: () => Promise.reject(new Error("not in this test")),
      ...{ cellsDir: "/nonexistent", socketsDir: "/nonexistent", advertise: "127.0.0.1" },
      ...{ show: () => Promise.resolve(), now: () => new Date() },
    },
  });
  const origin = await connect({ servers: [nats.url] });
  const now = Date.now();
  const [issuedAt, expiresAt] = [new Date(now).toISOString(), new Date(now + 600_000).toISOString()];
  const command = commandSchema.parse({ v: 1, id: "c", aud: N1, epoch: 1, issuedAt, expiresAt, order });
  return {
    ...{ registry, link: createTargetLink(origin, N1, N2) },
    signed: signCommand(command, privateKey),
    kinds: () => written.map(({ kind }) => kind),
    ended: () => written.find(({ kind }) => kind === "part-ended"),
    ask: async (verb: PeerVerb, body: object): Promise<unknown> =>
      (
        await ask(
          origin,
          { from: N1, to: N2, subject: subjects.peer(N1, N2, verb) },
          JSON.stringify(body),
          3000,
        )
      ).json(),
    async [Symbol.asyncDispose]() {
      await registry.cancel(() => true, "end");
      await origin.close();
      await nc.close();
      await nats[Symbol.asyncDispose]();
    },
  };
}

const KEY = newEphemeralKey("test").publicKeyLine;
type Target = Awaited<ReturnType<typeof startTarget>>;
const reserve = (target: Target) =>
  target.link.reserve(target.signed, KEY, "127.0.0.1", new AbortController().signal).catch((e: unknown) => e);

it("tells the origin, and the journal, why it ended its part unasked", async () => {
  await using target = await startTarget();
  const reserving = reserve(target);
  await until("the part runs", () => target.registry.inUse === 1);
  expect(await target.ask("watch", { v: 1, key: order.key })).toEqual({ v: 1, ok: true });
  const told: AttemptFault[] = [];
  const watch = new AbortController();
  const watching = target.link.watch(
    order.key,
    () => ({ host: "127.0.0.1", port: 1, hostKey: "" }),
    (fault) => told.push(fault),
    watch.signal,
  );
  await target.registry.end(() => true, new AttemptFault("coordinator-silent", "no pulse for 15000 ms"));
  await watching;
  expect(told.map(({ fault, message }) => [fault, message])).toEqual([
    ["coordinator-silent", "n2: no pulse for 15000 ms"],
  ]);
  expect(await reserving).toBeInstanceOf(Error);
  expect(target.kinds().filter((kind) => kind !== "sterile")).toEqual([
    ...["accepted", "part-ended", "device-closed"],
  ]);
  expect(target.ended()).toEqual({
    ...{ kind: "part-ended", device: "target", fault: "coordinator-silent" },
    detail: "no pulse for 15000 ms",
  });
  // Whatever is asked of it later, it gives the same reason; another attempt is not known.
  const over = { ok: false, fault: "coordinator-silent", why: "no pulse for 15000 ms" };
  expect(await target.ask("watch", { v: 1, key: order.key })).toMatchObject(over);
  expect(await target.ask("watch", { v: 1, key: { ...order.key, attempt: 2 } })).toMatchObject({
    ...{ ok: false, fault: "node-restarted", why: "this attempt is not known here" },
  });
});

it("says nothing of an end that the coordinator or the origin asked for", async () => {
  await using target = await startTarget();
  const reserving = reserve(target);
  await until("the part runs", () => target.registry.inUse === 1);
  await target.registry.end(() => true, new AttemptCancelled("cancelled by ann"));
  expect(target.kinds()).not.toContain("part-ended");
  expect(await reserving).toBeInstanceOf(Error);
});

it("answers a daemon of another version with the side to upgrade, and does nothing", async () => {
  await using target = await startTarget();
  for (const verb of ["reserve", "watch", "challenge", "release"] as const)
    expect(await target.ask(verb, { v: 2, anything: "else" })).toEqual({
      ...{ v: 1, ok: false, fault: "version-skew" },
      why: "this node daemon speaks protocol 1 and the node daemon of n1 2: upgrade this node daemon",
    });
  expect([target.registry.inUse, target.kinds()]).toEqual([0, []]);
});
