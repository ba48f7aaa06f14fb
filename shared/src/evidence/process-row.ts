import { z } from "zod";

/**
 * A process as its host's daemon read it from `/proc`. (bootId, pid, startTick) names it on one host;
 * `stable` is false where the row changed while it was read: such a row is kept but never used.
 */
export const processRowSchema = z.strictObject({
  bootId: z.string().max(64),
  /** pid in the daemon's PID namespace. */
  pid: z.int(),
  /** pid in the innermost namespace (`NSpid`), as the agent sees it. */
  cellPid: z.int(),
  ppid: z.int(),
  /** `/proc/PID/stat` field 22: clock ticks since boot. */
  startTick: z.int(),
  /** Wall time derived from startTick; whole-second error, for people only. */
  startedAt: z.string(),
  uid: z.int(),
  comm: z.string().max(64),
  exe: z.string().max(512),
  cmdline: z.array(z.string().max(512)).max(32),
  cgroup: z.string().max(512),
  /** Inode numbers of the namespaces, e.g. `4026532392`. */
  netns: z.string(),
  pidns: z.string(),
  stable: z.boolean(),
  /**
   * Inode number of its pidfd: never used twice in one boot, so root cannot forge it as it can the other three. Gathered
   * when a verdict needs it, not at every sweep; absent where it was not, or the kernel has none.
   */
  pidfdInode: z.string().max(24).optional(),
});
export type ProcessRow = z.infer<typeof processRowSchema>;

export const processKeySchema = processRowSchema.pick({ bootId: true, pid: true, startTick: true });
export type ProcessKey = z.infer<typeof processKeySchema>;

/** The same process, not merely the same pid; by the pidfd's inode too where both sides have it. */
export function sameProcess(
  a: ProcessKey & { readonly pidfdInode?: string | undefined },
  b: ProcessKey & { readonly pidfdInode?: string | undefined },
): boolean {
  if (a.pidfdInode !== undefined && b.pidfdInode !== undefined && a.pidfdInode !== b.pidfdInode) return false;
  return a.bootId === b.bootId && a.pid === b.pid && a.startTick === b.startTick;
}

/** A listening TCP socket of a network namespace, with every process that holds its inode. */
export const listenerRowSchema = z.strictObject({
  family: z.enum(["ipv4", "ipv6"]),
  address: z.string().max(64),
  port: z.int().min(0).max(65_535),
  inode: z.string().max(24),
  netns: z.string(),
  /** All owners by inode, across namespaces; empty when none was readable. */
  owners: z.array(processKeySchema),
});
export type ListenerRow = z.infer<typeof listenerRowSchema>;

/** Processes and listeners of one cell at one moment, from outside. */
export const snapshotSchema = z.strictObject({
  bootId: z.string(),
  takenAt: z.string(),
  tookMs: z.number(),
  /** Processes whose PID or network namespace is the cell's. */
  processes: z.array(processRowSchema).max(2000),
  listeners: z.array(listenerRowSchema).max(2000),
  /** Rows that vanished or changed while they were read. */
  unstable: z.int(),
  /**
   * Rows of processes and listeners, owners of listeners, and tables of network namespaces that are left out or could not
   * be read. Above 0 the picture may lack a copy: it can prove, never refute. Records from before this field have none.
   */
  cut: z.int().min(0).default(0),
});
export type Snapshot = z.infer<typeof snapshotSchema>;
