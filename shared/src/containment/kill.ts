import { sign, verify, type KeyObject } from "node:crypto";
import { z } from "zod";

/**
 * The kill that needs no coordinator: whoever holds the coordinator's signing key may publish it on the kill subject. Everything of
 * every node that hears it ends, and nothing starts there before a person clears the node.
 */
const killSchema = z.object({
  /** Any: a kill must work between daemons of different protocols too, and needs no more than what stands here. */
  v: z.int().min(1),
  /** Keeps these bytes from ever being taken for another signed thing. */
  purpose: z.literal("redline-kill"),
  who: z.string().max(100),
  why: z.string().max(300),
  issuedAt: z.iso.datetime(),
});
export type Kill = z.infer<typeof killSchema>;

export const signedKillSchema = z.object({
  v: z.int().min(1),
  /** JSON text of a Kill. */
  payload: z.string().max(2000),
  /** Ed25519, base64. */
  sig: z.string().max(120),
});
export type SignedKill = z.infer<typeof signedKillSchema>;

/** An old kill must not stop tomorrow's work; clocks of nodes may differ by minutes. */
const VALID_MS = 600_000;

export function signKill(kill: Omit<Kill, "v" | "purpose">, privateKey: KeyObject): SignedKill {
  const payload = JSON.stringify({ v: 1, purpose: "redline-kill", ...kill } satisfies Kill);
  return { v: 1, payload, sig: sign(null, Buffer.from(payload), privateKey).toString("base64") };
}

/** Null unless it is a kill, signed by this key, and issued within ten minutes of `nowMs`. */
export function openKill(
  bytes: Uint8Array | string,
  context: { publicKey: KeyObject; nowMs: number },
): Kill | null {
  try {
    const text = typeof bytes === "string" ? bytes : Buffer.from(bytes).toString("utf8");
    const { payload, sig } = signedKillSchema.parse(JSON.parse(text));
    if (!verify(null, Buffer.from(payload), context.publicKey, Buffer.from(sig, "base64"))) return null;
    const kill = killSchema.parse(JSON.parse(payload));
    return Math.abs(Date.parse(kill.issuedAt) - context.nowMs) <= VALID_MS ? kill : null;
  } catch {
    return null;
  }
}
