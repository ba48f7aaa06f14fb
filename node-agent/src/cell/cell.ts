import type { CellProof } from "@redline/shared";

/** What a cell shall be. The driver checks it and refuses what it cannot hold. */
export interface CellSpec {
  /** Unique among the cells of this node, e.g. "c3-o". */
  readonly id: string;
  /** "origin" or "target": the cell's own host name. */
  readonly hostname: string;
  /** Slot on this node, 0 to 255: gives the link 10.88.(index).0/30 (host .1, cell .2). See `linkPlan`. */
  readonly index: number;
  /** Life by boot time, from init's start; init ends itself then. */
  readonly ttlMs: number;
  /** No beat of the daemon for this long and init ends itself (default 5000; the driver beats every 1000). */
  readonly heartbeatMs?: number;
  /** Size of the home's tmpfs. `/tmp` and `/dev/shm` get a quarter each besides. */
  readonly scratchBytes: number;
  /** What the cell may use; `facts` say by which means each is held (cgroup v2 or v1, rlimit, watch). */
  readonly limits: CellLimits;
  /** Indices of the GPUs that were placed for this attempt; the cell sees no other (default none). */
  readonly gpus?: readonly number[];
  /** OpenSSH lines with their options (`authorizedKey`). */
  readonly authorizedKeys: readonly string[];
  /** Files and folders of the host that the cell sees read-only, by absolute path. */
  readonly readOnlyBinds: readonly Bind[];
  /** Unix sockets of the daemon that the cell may connect to; they get the cell's host uid as owner. */
  readonly socketBinds: readonly Bind[];
  /** Environment of every SSH session. No quotes, backslashes or control characters in values. */
  readonly env: Readonly<Record<string, string>>;
  /** Specimen folder, laid into the home by init; `weights` (relative paths in it) become read-only mounts instead. */
  readonly plant?: Plant;
  /** Gives `ssh target` inside. Host and port must be on this cell's own link: the guard opens only that. */
  readonly sshTarget?: SshTarget;
  /** Folder of this cell's files (keys, sshd's config), which must not exist yet: made by the driver in an existing folder, removed by `destroy`.
   * Where cells have their own host uid (real root), that uid must be able to pass through the folders above it, and read
   * what is bound: folders 0711 or more. */
  readonly stateDir: string;
}

export interface CellLimits {
  /** Bytes of the whole cell: processes, tmpfs, shared memory. */
  readonly memoryBytes: number;
  /** Processes and threads at once. */
  readonly processes: number;
  /** Open files of a process. */
  readonly openFiles: number;
}

/** For cells of the instrument itself, and where nothing else is said. */
export const DEFAULT_LIMITS: CellLimits = { memoryBytes: 2_147_483_648, processes: 1024, openFiles: 4096 };

export interface Bind {
  readonly from: string;
  readonly to: string;
}

export interface Plant {
  readonly from: string;
  readonly to: string;
  readonly weights: readonly string[];
  /** Host file of weights that lie elsewhere than below `from`, by their relative path. */
  readonly weightsFrom?: Readonly<Record<string, string>>;
}

export interface SshTarget {
  readonly host: string;
  readonly port: number;
  /** OpenSSH public key line of the target's sshd, pinned. */
  readonly hostKey: string;
  /** OpenSSH private key. The cell can read it: it must be of this attempt only. */
  readonly privateKey: string;
  /** The key wants a passphrase, which `ssh` may then ask for (default false). */
  readonly locked?: boolean;
}

/**
 * A contained place that is up. It ends when `destroy` is called, the TTL is over, the daemon stops
 * beating or dies, or its sshd ends. `destroy` must be called in every case: it removes and proves.
 */
export interface Cell extends AsyncDisposable {
  readonly id: string;
  /** Of PID 1, as the daemon sees it. */
  readonly initPid: number;
  /** Inode number of the network namespace. */
  readonly netns: string;
  /** Inode number of the PID namespace. */
  readonly pidns: string;
  readonly address: string;
  readonly sshPort: number;
  /** Public key line of the cell's sshd, to be pinned. */
  readonly hostKey: string;
  /** Host side of the link. */
  readonly hostAddress: string;
  /** What was set up, and read back from the kernel. */
  readonly facts: Readonly<Record<string, string>>;
  /** Resolves when the cell has ended, whoever ended it. Never rejects. */
  readonly died: Promise<CellDeath>;
  /**
   * Ends every process of the cell at once and waits until none is there. Removes and proves nothing: `destroy` does. Does not go
   * through anything that an attempt holds. Never rejects; ms until empty, or null when some are stuck in the kernel.
   * @param reason what `died` then tells, where nothing ended the cell before; default `destroyed`.
   */
  empty(reason?: EmptiedFor): Promise<number | null>;
  /** What the guard threw away so far; after the end, the last count. */
  drops(): Promise<Drops>;
  /** Limits that were reached so far and how often, as far as the means that hold them count; after the end, the last known. */
  limitsHit(): Promise<Readonly<Record<string, number>>>;
  /** The last lines of the cell's sshd: hostile text. */
  log(): string;
  /**
   * Takes the host's end of the cell's link down, or up again: the cell cannot undo it. Nothing gets in or out then; the
   * cell's own address and loopback still answer inside. `verified`: the kernel says so when asked.
   * @throws CellError when the cell is being removed, or the tool failed.
   */
  setLink(state: LinkState): Promise<LinkChange>;
  /**
   * Ends everything in the cell, removes its link, guard and files, and says what was still there. Idempotent,
   * never rejects, takes at most some seconds. Close relays on the cell's link first: a listener left there is unclean.
   */
  destroy(): Promise<CellProof>;
}

export interface CellDeath {
  /** `ttl`, `heartbeat`, `eof`, `sshd`, `plant`, `destroyed`, `killed`, `over-cap` or `limit`. */
  readonly reason: string;
}

/**
 * What the cell's own side did so that the daemon had to end it. `over-cap`: more copies than may be, again and again. `limit`: more
 * of something than the cell may have, which nothing but the cell's end holds.
 */
export type EmptiedFor = "over-cap" | "limit";

export interface Drops {
  readonly packets: number;
  readonly bytes: number;
  /** Packets by what they were: `tcp`, `udp`, `icmp`, `ipv6`, `arp`, `forged`, `other`. */
  readonly kinds: Readonly<Record<string, number>>;
  /** `protocol address port` of the first destinations that were dropped; at most 64. */
  readonly tried: readonly string[];
}

export type LinkState = "up" | "down";

export interface LinkChange {
  readonly verified: boolean;
  /** Until it was set, without the look that verifies it. */
  readonly tookMs: number;
}

export interface CellDriver {
  readonly name: string;
  /** Rejects with CellError; then nothing of the cell is left, or the error names it. */
  build(spec: CellSpec, signal: AbortSignal): Promise<Cell>;
  /** Cells that are up or being removed. */
  cells(): readonly Cell[];
  /** Ends every process of every cell, also of those that are still being built. Never rejects. */
  emptyAll(): Promise<{ readonly cells: number; readonly tookMs: number }>;
  /** For the daemon's start: ends and removes cells of a dead predecessor. */
  sweepLeftovers(): Promise<CellProof[]>;
}
