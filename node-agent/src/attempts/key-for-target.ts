import { randomBytes } from "node:crypto";
import type { RunOrder } from "@redline/shared";
import { newEphemeralKey, newLockedKey, type EphemeralKey } from "../ssh/ephemeral-key.ts";
import { isLocked } from "./of-obstacles.ts";

export interface KeyForTarget extends EphemeralKey {
  /** Null where the key wants none. */
  readonly passphrase: string | null;
}

/** The agent's key for `ssh target`, of this attempt only. */
export function newKeyForTarget(order: Pick<RunOrder, "scenario">): KeyForTarget {
  if (!isLocked(order)) return { ...newEphemeralKey("redline-agent"), passphrase: null };
  const passphrase = randomBytes(8).toString("hex");
  return { ...newLockedKey("redline-agent", passphrase), passphrase };
}
