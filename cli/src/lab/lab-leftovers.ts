import { readdir, readFile, readlink } from "node:fs/promises";

/** Inode numbers of the lab's outermost namespaces. */
export interface LabNamespaces {
  readonly user: string;
  readonly pid: string;
  readonly net: string;
  readonly mnt: string;
}

const SETTLE_MS = 2000;

/**
 * Processes that still are in one of the lab's namespaces, as `pid comm`. Waits a moment first: the
 * kernel empties a PID namespace after its init has ended, not with it.
 */
export async function leftOf(namespaces: LabNamespaces): Promise<string[]> {
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const left = await scan(namespaces);
    if (left.length === 0 || performance.now() > deadline) return left;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function scan(namespaces: LabNamespaces): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    for (const kind of ["user", "pid", "net", "mnt"] as const) {
      const inode = await readlink(`/proc/${pid}/ns/${kind}`).catch(() => "");
      if (inode.replace(/\D/g, "") !== namespaces[kind]) continue;
      const comm = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
      found.push(`${pid} ${comm.trim()}`);
      break;
    }
  }
  return found;
}
