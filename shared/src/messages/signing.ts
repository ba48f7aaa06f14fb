import { sign, verify, type KeyObject } from "node:crypto";
import { commandSchema, signedCommandSchema, type Command, type SignedCommand } from "./command.ts";
import type { NodeId } from "../ids.ts";

/** Signs with the coordinator's Ed25519 private key. */
export function signCommand(command: Command, privateKey: KeyObject): SignedCommand {
  const payload = JSON.stringify(command);
  return { v: 1, payload, sig: sign(null, Buffer.from(payload), privateKey).toString("base64") };
}

export type OpenedCommand = { ok: true; command: Command } | { ok: false; why: string };

/**
 * Parses and verifies bytes that claim to be a command for `node`.
 * Refuses: not JSON, unknown shape or version, bad signature, another audience, expired, a lower epoch than `minEpoch`.
 */
export function openCommand(
  bytes: Uint8Array | string,
  context: { publicKey: KeyObject; node: NodeId; nowMs: number; minEpoch: number },
): OpenedCommand {
  let raw: unknown;
  try {
    raw = JSON.parse(typeof bytes === "string" ? bytes : Buffer.from(bytes).toString("utf8"));
  } catch {
    return { ok: false, why: "not JSON" };
  }
  const signed = signedCommandSchema.safeParse(raw);
  if (!signed.success) return { ok: false, why: "not a signed command of version 1" };
  const { payload, sig } = signed.data;
  if (!verify(null, Buffer.from(payload), context.publicKey, Buffer.from(sig, "base64")))
    return { ok: false, why: "signature does not verify" };
  let inner: unknown;
  try {
    inner = JSON.parse(payload);
  } catch {
    return { ok: false, why: "payload is not JSON" };
  }
  const parsed = commandSchema.safeParse(inner);
  if (!parsed.success)
    return { ok: false, why: `payload: ${parsed.error.issues[0]?.message ?? "wrong shape"}` };
  const command = parsed.data;
  if (command.aud !== "all" && command.aud !== context.node)
    return { ok: false, why: `meant for ${command.aud}` };
  if (Date.parse(command.expiresAt) < context.nowMs) return { ok: false, why: "expired" };
  if (command.epoch < context.minEpoch) return { ok: false, why: `epoch ${command.epoch} is over` };
  return { ok: true, command };
}
