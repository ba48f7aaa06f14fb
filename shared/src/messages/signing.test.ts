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
    expect(openCommand(wire(), context)).toEqual({ ok: true, command: command() });
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
    ["not a signed command of version 1", tampered((s) => ({ ...s, v: 2 }))],
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
