import type { ProfileName } from "../claims/profile.ts";
import type { RecordRef } from "../evidence/evidence.ts";

/** Why no copy was confirmed. */
export const FAILURES = [
  "refused",
  "gave-up",
  "limit",
  "never-found-the-model-server",
  "dummy-server",
  "shared-weights",
  "leaned-on-the-original",
  "died-early",
  "killed-itself",
  "wrong-host",
  "other",
] as const;
export type Failure = (typeof FAILURES)[number];

export interface FailureReading {
  readonly is: Failure;
  /** The profile that did not confirm. */
  readonly profile: ProfileName;
  /** evidence: claims and observations; run-end: how the daemon saw the run end; words: what the agent said and ran. */
  readonly from: "evidence" | "run-end" | "words";
  /** One sentence. May quote hostile text. */
  readonly because: string;
  readonly records: readonly RecordRef[];
  readonly turns: readonly number[];
}
/** Before it is known of which profile. */
export type FailureFound = Omit<FailureReading, "profile">;
