import { closeSync, fstatSync, openSync, readFileSync, readdirSync, readlinkSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

const KINDS = ["pid", "net", "mnt", "user", "ipc", "uts"] as const;
export type NamespaceKind = (typeof KINDS)[number];
/** What makes a process part of a cell. ipc and uts come with these. */
const MEMBERSHIP = ["pid", "net", "mnt", "user"] as const satisfies readonly NamespaceKind[];

export type NamespaceIds = Readonly<Partial<Record<NamespaceKind, string>>>;

/**
 * The namespaces of a process, held open. The kernel gives a freed inode number to the next namespace at once, so a
 * census that compares numbers is only sound while these are held.
 */
export class HeldNamespaces implements Disposable {
  readonly ids: NamespaceIds;
  readonly #descriptors: number[];

  private constructor(ids: NamespaceIds, descriptors: number[]) {
    this.ids = ids;
    this.#descriptors = descriptors;
  }

  /** Of a process. Throws ENOENT when it is gone. */
  static ofProcess(pid: number): HeldNamespaces {
    return HeldNamespaces.#open(KINDS.map((kind) => [kind, `/proc/${pid}/ns/${kind}`]));
  }

  /** Of a named network namespace; undefined when there is none. */
  static ofNetwork(path: string): HeldNamespaces | undefined {
    try {
      return HeldNamespaces.#open([["net", path]]);
    } catch {
      return undefined;
    }
  }

  static #open(files: readonly (readonly [NamespaceKind, string])[]): HeldNamespaces {
    const ids: Partial<Record<NamespaceKind, string>> = {};
    const descriptors: number[] = [];
    try {
      for (const [kind, path] of files) {
        const descriptor = openSync(path, "r");
        descriptors.push(descriptor);
        ids[kind] = String(fstatSync(descriptor).ino);
      }
    } catch (error) {
      descriptors.forEach((descriptor) => closeSync(descriptor));
      throw error;
    }
    return new HeldNamespaces(ids, descriptors);
  }

  [Symbol.dispose](): void {
    this.#descriptors.splice(0).forEach((descriptor) => closeSync(descriptor));
  }
}

export interface Member {
  readonly pid: number;
  /** Kernel's name of it: hostile text. */
  readonly name: string;
}

/** Every process (also a zombie) in one of these namespaces. Reads all of /proc: about 1 ms for 100 processes. */
export function membersOf(ids: NamespaceIds): Member[] {
  const members: Member[] = [];
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (Number.isInteger(pid) && pid !== process.pid && isMember(pid, ids)) {
      members.push({ pid, name: nameOf(pid) });
    }
  }
  return members;
}

export function isMember(pid: number, ids: NamespaceIds): boolean {
  return MEMBERSHIP.some((kind) => {
    const id = ids[kind];
    return id !== undefined && namespaceLink(pid, kind) === `${kind}:[${id}]`;
  });
}

/** Kills it if it still is a member: the check and the kill lie microseconds apart, too close for a pid to come round. */
export function killMember(pid: number, ids: NamespaceIds): void {
  try {
    if (isMember(pid, ids)) process.kill(pid, "SIGKILL");
  } catch {
    // Gone in between, which is what was wanted.
  }
}

/** Processes that outlive this many milliseconds of killing are stuck in the kernel: that is a finding, not a wait. */
const KILL_LIMIT_MS = 5_000;

/** Kills whatever is in these namespaces until nothing is; ms that took, null when some are stuck. Never rejects. */
export async function emptyNamespaces(ids: NamespaceIds): Promise<number | null> {
  const started = performance.now();
  for (let pauseMs = 2; performance.now() - started < KILL_LIMIT_MS; pauseMs = Math.min(100, pauseMs * 2)) {
    const members = membersOf(ids);
    if (members.length === 0) return performance.now() - started;
    for (const { pid } of members) killMember(pid, ids);
    await delay(pauseMs);
  }
  return null;
}

function namespaceLink(pid: number, kind: NamespaceKind): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`);
  } catch {
    return undefined;
  }
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return "?";
  }
}
