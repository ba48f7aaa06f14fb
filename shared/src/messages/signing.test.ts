import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { nodeIdSchema } from "../ids.ts";
import { commandSchema } from "./command.ts";
import { openCommand, signCommand } from "./signing.ts";

const keys = generateKeyPairSync("ed25519");
const node = nodeIdSchema.parse("node-a");
const issuedAt = "2026-01-01T00:00:00.000Z";
const expiresAt = "2026-01-01T00:01:00.000Z";
const context = { publicKey: keys.publicKey, node, nowMs: Date.parse(issuedAt), minEpoch: 3 };

const command = (change: object = {}) =>
  commandSchema.parse({
    v: 1,
    id: "stop-1",
    aud: "node-a",
    epoch: 3,
    issuedAt,
    expiresAt,
    order: { verb: "stop", reason: "test" },
    ...change,
  });
const wire = (change: object = {}) => JSON.stringify(signCommand(command(change), keys.privateKey));

describe("openCommand", () => {
  it("opens what was signed, as text or bytes, for this node or for all", () => {
    expect(openCommand(wire(), context)).toEqual({
      ok: true,
      command: command(),
      signed: signCommand(command(), keys.privateKey),
    });
    expect(openCommand(Buffer.from(wire()), context)).toMatchObject({ ok: true });
    expect(openCommand(wire({ aud: "all" }), context)).toMatchObject({ ok: true });
    expect(openCommand(wire({ epoch: 4 }), context)).toMatchObject({ ok: true });
  });

  const tampered = (change: (signed: { v: number; payload: string; sig: string }) => object) =>
    JSON.stringify(change(signCommand(command(), keys.privateKey)));

  it.each([
    ["a changed order", tampered((s) => ({ ...s, payload: s.payload.replace('"stop-1"', '"stop-2"') }))],
    ["the same JSON in other bytes", tampered((s) => ({ ...s, payload: s.payload.replace(":", ": ") }))],
    [
      "a changed signature",
      tampered((s) => ({ ...s, sig: `${s.sig.startsWith("A") ? "B" : "A"}${s.sig.slice(1)}` })),
    ],
    ["no signature", tampered((s) => ({ ...s, sig: "" }))],
    ["another's key", JSON.stringify(signCommand(command(), generateKeyPairSync("ed25519").privateKey))],
  ])("refuses %s", (_name, text) => {
    expect(openCommand(text, context)).toEqual({ ok: false, why: "signature does not verify" });
  });

  it.each([
    ["another node's", wire({ aud: "node-b" }), "meant for node-b"],
    ["a fenced-off coordinator's", wire({ epoch: 2 }), "epoch 2 is over"],
    ["an old one", wire({ expiresAt: "2025-12-31T23:59:59.999Z" }), "expired"],
  ])("refuses %s", (_name, text, why) => {
    expect(openCommand(text, context)).toEqual({ ok: false, why });
  });

  it("is good until the very millisecond of its end", () => {
    expect(openCommand(wire(), { ...context, nowMs: Date.parse(expiresAt) })).toMatchObject({ ok: true });
    expect(openCommand(wire(), { ...context, nowMs: Date.parse(expiresAt) + 1 })).toEqual({
      ok: false,
      why: "expired",
    });
  });

  it.each([
    ["not JSON", "{"],
    ["not a signed command of version 1", "null"],
    ["not a signed command of version 1", tampered((s) => ({ ...s, extra: 1 }))],
  ])("refuses bytes that are %s", (why, text) => {
    expect(openCommand(text, context)).toEqual({ ok: false, why });
  });

  it("refuses a well-signed payload that is no command", () => {
    // A key that signs other things must not open a way in.
    const payload = JSON.stringify({ ...command(), order: { verb: "format-disk" } });
    const sig = sign(null, Buffer.from(payload), keys.privateKey).toString("base64");
    const opened = openCommand(JSON.stringify({ v: 1, payload, sig }), context);
    expect(opened.ok ? "" : opened.why).toMatch(/^payload: /);
    const text = sign(null, Buffer.from("{"), keys.privateKey).toString("base64");
    expect(openCommand(JSON.stringify({ v: 1, payload: "{", sig: text }), context)).toEqual({
      ok: false,
      why: "payload is not JSON",
    });
  });
});

describe("a command of another protocol", () => {
  const run = {
    verb: "run",
    key: { trial: "s-1-001", attempt: 1, epoch: 3 },
    devices: { origin: "node-a", target: "node-b" },
    news: true,
  };
  const foreign = (order: object, change: object = {}, outer = 2) => {
    const frame = { v: 2, id: "c-1", aud: "node-a", epoch: 3, issuedAt, expiresAt, more: 1 };
    const payload = JSON.stringify({ ...frame, order, ...change });
    const sig = sign(null, Buffer.from(payload), keys.privateKey).toString("base64");
    return JSON.stringify({ v: outer, payload, sig, ...(outer === 1 ? {} : { more: 1 }) });
  };

  it("to run is refused with the side to upgrade and the attempt that waits for an answer", () => {
    const upgrade = "this node daemon speaks protocol 1 and the coordinator 2: upgrade this node daemon";
    for (const outer of [1, 2])
      expect(openCommand(foreign(run, {}, outer), context)).toEqual({
        ok: false,
        why: upgrade,
        skew: { id: "c-1", epoch: 3, upgrade, run: { key: run.key, alone: false } },
      });
  });

  it("that ends something is obeyed, and checked as every command is", () => {
    const stop = { verb: "stop", reason: "now", how: "new" };
    expect(openCommand(foreign(stop), context)).toMatchObject({
      ok: true,
      command: { order: { verb: "stop", reason: "now" } },
    });
    const cancel = { verb: "cancel", trial: "s-1-001", attempt: 2, reason: "" };
    expect(openCommand(foreign(cancel), context)).toMatchObject({ ok: true, command: { order: cancel } });
    for (const [change, why] of [
      [{ aud: "node-b" }, "meant for node-b"],
      [{ epoch: 2 }, "epoch 2 is over"],
      [{ expiresAt: "2025-12-31T00:00:00.000Z" }, "expired"],
    ] as const)
      expect(openCommand(foreign(stop, change), context)).toEqual({ ok: false, why });
    const forged = foreign(stop).replace(/"sig":"[^"]*"/, '"sig":"AAAA"');
    expect(openCommand(forged, context)).toEqual({ ok: false, why: "signature does not verify" });
  });

  it("gives no answer for one of which not even the frame can be read", () => {
    const opened = openCommand(foreign(run, { aud: 7 }), context);
    expect(opened).toMatchObject({ ok: false });
    expect(opened).not.toHaveProperty("skew");
  });
});

describe("the age of a command", () => {
  const issued = { issuedMonoMs: 50_000 };
  const knows = (nowMs: number, epoch = 3) => ({ ...context, coordinator: { epoch, nowMs, errorMs: 5 } });

  it("is judged by the coordinator's own clock where the node has measured it, whatever its wall clock says", () => {
    const hourAhead = { nowMs: context.nowMs + 3_600_000 };
    expect(openCommand(wire(issued), { ...context, ...hourAhead })).toEqual({ ok: false, why: "expired" });
    expect(openCommand(wire(issued), { ...knows(50_100), ...hourAhead }).ok).toBe(true);
    const hourBehind = { nowMs: context.nowMs - 3_600_000 };
    expect(openCommand(wire(issued), { ...knows(110_100), ...hourBehind })).toEqual({
      ok: false,
      why: "expired",
    });
  });

  it("is never negative: a command from a moment that was not yet is no command of this term", () => {
    expect(openCommand(wire(issued), knows(10_000)).ok).toBe(false);
    expect(openCommand(wire(issued), knows(49_999)).ok).toBe(true);
  });

  it("is judged by wall clocks in a term whose clock is not measured, and without the stamp", () => {
    expect(openCommand(wire(issued), knows(1e9, 2)).ok).toBe(true);
    expect(openCommand(wire(), knows(1e9)).ok).toBe(true);
  });
});
