import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { signCommand } from "../messages/signing.ts";
import { nodeIdSchema } from "../ids.ts";
import { openKill, signKill } from "./kill.ts";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const now = Date.parse("2026-01-01T00:00:00Z");
const kill = { who: "op@desk", why: "drill", issuedAt: new Date(now).toISOString() };
const open = (text: string, nowMs = now) => openKill(text, { publicKey, nowMs });

describe("a signed kill", () => {
  it("opens with its key alone", () => {
    expect(open(JSON.stringify(signKill(kill, privateKey)))).toMatchObject({ who: "op@desk", why: "drill" });
    const other = generateKeyPairSync("ed25519").privateKey;
    expect(open(JSON.stringify(signKill(kill, other)))).toBeNull();
  });

  it("is no kill when a letter of it is changed", () => {
    const signed = signKill(kill, privateKey);
    const changed = { ...signed, payload: signed.payload.replace("drill", "dri11") };
    expect(open(JSON.stringify(changed))).toBeNull();
    expect(open("{")).toBeNull();
  });

  it("is over after ten minutes, and not valid long before its time", () => {
    const text = JSON.stringify(signKill(kill, privateKey));
    expect(open(text, now + 600_000)).not.toBeNull();
    expect(open(text, now + 600_001)).toBeNull();
    expect(open(text, now - 600_001)).toBeNull();
  });

  it("is not opened from a command of the same key", () => {
    const command = signCommand(
      {
        v: 1,
        id: "x",
        aud: nodeIdSchema.parse("alpha"),
        epoch: 1,
        issuedAt: kill.issuedAt,
        expiresAt: kill.issuedAt,
        order: { verb: "stop", reason: "x" },
      },
      privateKey,
    );
    expect(open(JSON.stringify(command))).toBeNull();
  });
});
