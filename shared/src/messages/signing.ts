import { sign, verify, type KeyObject } from "node:crypto";
import { z } from "zod";
import { attemptKeySchema, type AttemptKey, type NodeId } from "../ids.ts";
import {
  cancelOrderSchema,
  commandSchema,
  signedCommandSchema,
  stopOrderSchema,
  type Command,
  type SignedCommand,
} from "./command.ts";
import { sides, skewOf } from "./protocol.ts";

/** Signs with the coordinator's Ed25519 private key. */
export function signCommand(command: Command, privateKey: KeyObject): SignedCommand {
  const payload = JSON.stringify(command);
  return { v: 1, payload, sig: sign(null, Buffer.from(payload), privateKey).toString("base64") };
}

/** A genuine command of another protocol: what of it could still be read, so that its sender gets an answer. */
export interface SkewedCommand {
  readonly id: string;
  readonly epoch: number;
  /** Which side to upgrade. */
  readonly upgrade: string;
  /** Of an order to run, with the devices that are this node; null for others. */
  readonly run: { readonly key: AttemptKey; readonly alone: boolean } | null;
}

/** `signed`: the command as it came, to be shown to others. */
export type OpenedCommand =
  { ok: true; command: Command; signed: SignedCommand } | { ok: false; why: string; skew?: SkewedCommand };

export interface OpeningContext {
  readonly publicKey: KeyObject;
  readonly node: NodeId;
  /** Wall time here, ms. */
  readonly nowMs: number;
  readonly minEpoch: number;
  /** The coordinator's monotonic clock now, as measured: then no wall clock decides over the age of commands of that term. */
  readonly coordinator?: { readonly epoch: number; readonly nowMs: number; readonly errorMs: number } | null;
}

/**
 * Parses and verifies bytes that claim to be a command for `node`.
 * Refuses: not JSON, unknown shape or version, bad signature, another audience, expired, a lower epoch than `minEpoch`.
 * Orders that end something are taken from another protocol too: ending is safe, and the two sides may differ in all else.
 */
export function openCommand(bytes: Uint8Array | string, context: OpeningContext): OpenedCommand {
  const raw = parsed(typeof bytes === "string" ? bytes : Buffer.from(bytes).toString("utf8"));
  if (raw === undefined) return refused("not JSON");
  // Our own protocol first, which nearly all are of: what is of another is looked at only when that fails.
  const ours = signedCommandSchema.safeParse(raw);
  const skew = ours.success ? null : skewOf(raw, sides.nodeOfCoordinator);
  const signed = skew === null ? ours : envelopeSchema.safeParse(raw);
  if (!signed.success) return refused(skew?.upgrade ?? "not a signed command of version 1");
  const { payload, sig } = signed.data;
  if (!verify(null, Buffer.from(payload), context.publicKey, Buffer.from(sig, "base64")))
    return refused("signature does not verify");
  const inner = parsed(payload);
  if (inner === undefined) return refused("payload is not JSON");
  const command = commandSchema.safeParse(inner);
  if (!ours.success || !command.success) {
    const upgrade = skew?.upgrade ?? skewOf(inner, sides.nodeOfCoordinator)?.upgrade;
    if (upgrade !== undefined) return openSkewed(inner, upgrade, { v: 1, payload, sig }, context);
    return refused(`payload: ${command.error?.issues[0]?.message ?? "wrong shape"}`);
  }
  const why = whyNot(command.data, context);
  return why === null ? { ok: true, command: command.data, signed: ours.data } : refused(why);
}

/** Signature and payload must stay where they are in every protocol to come. */
const envelopeSchema = z.object({ payload: z.string().max(200_000), sig: z.string().max(120) });

const skewedSchema = z.object({
  id: z.string().min(1).max(120),
  aud: z.string().max(40),
  epoch: z.int().min(1),
  issuedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  issuedMonoMs: z.number().optional(),
  order: z.unknown(),
});
const skewedRunSchema = z.object({
  verb: z.literal("run"),
  key: z.object(attemptKeySchema.shape),
  devices: z.object({ origin: z.string(), target: z.string() }),
});
const endingSchema = z.discriminatedUnion("verb", [
  z.object(cancelOrderSchema.shape),
  z.object(stopOrderSchema.shape),
]);

function openSkewed(
  inner: unknown,
  upgrade: string,
  signed: SignedCommand,
  context: OpeningContext,
): OpenedCommand {
  const read = skewedSchema.safeParse(inner);
  if (!read.success) return refused(upgrade);
  const { order, ...frame } = read.data;
  const why = whyNot(frame, context);
  if (why !== null) return refused(why);
  const ending = endingSchema.safeParse(order);
  const whole = commandSchema.safeParse({ v: 1, ...frame, order: ending.data });
  if (ending.success && whole.success) return { ok: true, command: whole.data, signed };
  const run = skewedRunSchema.safeParse(order);
  return {
    ok: false,
    why: upgrade,
    skew: {
      id: frame.id,
      epoch: frame.epoch,
      upgrade,
      run: run.success
        ? { key: run.data.key, alone: run.data.devices.origin === run.data.devices.target }
        : null,
    },
  };
}

type Frame = Pick<Command, "epoch" | "issuedAt" | "expiresAt" | "issuedMonoMs"> & { readonly aud: string };

function whyNot(frame: Frame, context: OpeningContext): string | null {
  if (frame.aud !== "all" && frame.aud !== context.node) return `meant for ${frame.aud}`;
  if (isExpired(frame, context)) return EXPIRED;
  return frame.epoch < context.minEpoch ? `epoch ${frame.epoch} is over` : null;
}

/** Why a command that came too late is refused. */
export const EXPIRED = "expired";

/**
 * The age of a command by the coordinator's own monotonic clock where the node has measured that of this very term; by the two wall
 * clocks before that, which must then agree. A command from the future of that clock is as wrong as an old one.
 */
function isExpired(
  { epoch, issuedAt, expiresAt, issuedMonoMs }: Frame,
  { nowMs, coordinator }: OpeningContext,
): boolean {
  if (coordinator?.epoch !== epoch || issuedMonoMs === undefined) return Date.parse(expiresAt) < nowMs;
  const lifeMs = Date.parse(expiresAt) - Date.parse(issuedAt);
  const ageMs = coordinator.nowMs - issuedMonoMs;
  return ageMs > lifeMs + coordinator.errorMs || ageMs < -coordinator.errorMs - 1000;
}

const refused = (why: string): OpenedCommand => ({ ok: false, why });

/** Undefined for what is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
