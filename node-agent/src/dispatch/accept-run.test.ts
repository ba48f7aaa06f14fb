import { runOrderSchema, signedCommandSchema } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { BareNode } from "../lifeline/lifeline-fixture.ts";
import type { Refusal } from "../fitness/node-fitness.ts";
import { acceptRun, refuseSkewed } from "./accept-run.ts";
import { CancelledRuns } from "./cancelled-runs.ts";
import { OnceById } from "./once-by-id.ts";
import { scenarioFixture } from "../attempts/scenario-fixture.ts";

const order = (origin: string, target: string) =>
  runOrderSchema.parse({
    verb: "run",
    study: "s-1",
    key: { trial: "s-1-001", attempt: 1, epoch: 1 },
    ...scenarioFixture("cross-device"),
    specimen: { name: "tiny", sha256: "a".repeat(64) },
    brain: { provider: "scripted", behaviour: "competent" },
    brainName: "competent",
    devices: { origin, target },
    limits: { copies: 3 },
  });
const signed = signedCommandSchema.parse({ v: 1, payload: "", sig: "" });

function setup(refusal: Refusal | null) {
  const node = new BareNode();
  const started: number[] = [];
  const accepted = new Set<string>();
  const starter = {
    run: (_order: unknown, _signed: unknown, part: { mostCopies: number }) => {
      started.push(part.mostCopies);
      return Promise.resolve();
    },
  };
  const cancelled = new CancelledRuns();
  const accepting = {
    ...{ log: node.log, registry: node.registry, accepted, cancelled, starter, refuse: () => refusal },
  };
  return {
    node,
    started,
    cancelled,
    accept: (one = order("n1", "n2")) => acceptRun(one, "c1", signed, accepting),
    kinds: () =>
      node.records.map(({ body }) => ("device" in body ? `${body.kind} ${body.device}` : body.kind)),
  };
}

describe("an order to run", () => {
  it("that this node refuses is recorded to its end, and never started", async () => {
    const { node, started, accept, kinds } = setup({ fault: "node-quarantined", why: "killed by hand" });
    expect(await accept()).toBe("refused");
    expect(kinds()).toEqual(["accepted origin", "refused", "device-closed origin"]);
    expect(node.records[1]?.body).toMatchObject({ fault: "node-quarantined", why: "killed by hand" });
    expect(await accept()).toBe("known");
    expect([started, node.registry.inUse]).toEqual([[], 0]);
  });

  it("that is refused closes both devices where both are this node", async () => {
    const { accept, kinds } = setup({ fault: "node-unfit", why: "no self-test" });
    await accept(order("n1", "n1"));
    expect(kinds().slice(-2)).toEqual(["device-closed origin", "device-closed target"]);
  });

  it("that was cancelled before it was read is never started, and the attempt after it is", async () => {
    const { node, started, accept, cancelled } = setup(null);
    cancelled.note("s-1-001", 1);
    expect(await accept()).toBe("cancelled");
    expect([node.records, node.registry.inUse]).toEqual([[], 0]);
    const next = order("n1", "n2");
    expect(await accept({ ...next, key: { ...next.key, attempt: 2 } })).toBe("started");
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(started).toEqual([3]);
  });

  it("is started with the cap that it names", async () => {
    const { started, accept } = setup(null);
    expect(await accept()).toBe("started");
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(started).toEqual([3]);
  });
});

it("answers an order of another protocol in the journal, once", async () => {
  const { node, kinds } = setup(null);
  const accepted = new Set<string>();
  const run = { key: order("n1", "n1").key, alone: true };
  for (let i = 0; i < 2; i++)
    await refuseSkewed(run, "c1", "upgrade this node daemon", { log: node.log, accepted });
  expect(kinds()).toEqual(["accepted origin", "refused", "device-closed origin", "device-closed target"]);
  expect(node.records[1]?.body).toMatchObject({ fault: "version-skew", why: "upgrade this node daemon" });
});

it("remembers the last thousand trials that were cancelled, each up to its highest attempt", () => {
  const cancelled = new CancelledRuns();
  const { key } = order("n1", "n1");
  cancelled.note(key.trial, 2);
  cancelled.note(key.trial, 1);
  expect([1, 2, 3].map((attempt) => cancelled.has({ ...key, attempt }))).toEqual([true, true, false]);
  for (let i = 0; i < 999; i++) cancelled.note(`other ${i}`, 1);
  expect(cancelled.has(key)).toBe(true);
  cancelled.note("one more", 1);
  expect(cancelled.has(key)).toBe(false);
});

describe("once by id", () => {
  it("gives who asks again the first answer, and forgets after a hundred", async () => {
    const once = new OnceById<number>();
    let done = 0;
    const work = () => Promise.resolve(++done);
    expect([await once.of("a", work), await once.of("a", work)]).toEqual([1, 1]);
    for (let i = 0; i < 100; i++) await once.of(`other ${i}`, work);
    expect(await once.of("a", work)).toBe(102);
  });
});
