import { z } from "zod";

/** What a sterility proof looks at, each against the baseline from before the attempt. */
export const STERILITY_CHECKS = [
  /** Processes of the trial's uid, and in its namespaces. */
  "processes",
  /** Namespaces that are nobody's: hidden below the cell, or held open. */
  "namespaces",
  "sockets",
  "listeners",
  /** systemd timers, transient units and lingering users. */
  "timers",
  /** Tables of cron and at. */
  "jobs",
  "sysv",
  "posix-shm",
  /** Files of the trial's uid anywhere on local file systems. */
  "files",
  "deleted-files",
  "mounts",
  "loop-devices",
  "authorized-keys",
  "gpu-memory",
  "gpu-holders",
  /** Keys of the attempt no longer open anything. */
  "keys",
] as const;
export const sterilityCheckSchema = z.strictObject({
  check: z.enum(STERILITY_CHECKS),
  /** False: something is there that was not. Null: could not be looked at, or cannot be told here; `why` says so. */
  clean: z.boolean().nullable(),
  found: z.int().min(0),
  /** What it is, for people: hostile text. */
  left: z.array(z.string().max(300)).max(10),
  why: z.string().max(300),
});
export type SterilityCheck = z.infer<typeof sterilityCheckSchema>;

/** `clean` when no check is false. A check that could not look makes no proof unclean, and is counted. */
export const sterilityProofSchema = z.strictObject({
  clean: z.boolean(),
  checks: z.array(sterilityCheckSchema).max(STERILITY_CHECKS.length),
  tookMs: z.number(),
});
export type SterilityProof = z.infer<typeof sterilityProofSchema>;
