import { spawn } from "node:child_process";
import { constants, setPriority } from "node:os";
import { readFile } from "node:fs/promises";
import { parseMountinfo } from "../observe/mountinfo.ts";

/** Files with an owner that nobody but a trial has. */
export interface Walk {
  /** Hostile text; at most `MOST_FOUND`. */
  readonly found: readonly string[];
  /** Empty when every writable local file system was walked to its end. */
  readonly why: string;
}

/** File systems that keep what is written to them and are this machine's own. */
const LOCAL = new Set([
  "ext2",
  "ext3",
  "ext4",
  "xfs",
  "btrfs",
  "zfs",
  "f2fs",
  "jfs",
  "reiserfs",
  "bcachefs",
  "overlay",
  "tmpfs",
  "ramfs",
  "devtmpfs",
  "vfat",
  "exfat",
  "ntfs3",
  "hugetlbfs",
]);
/** A check of its own looks at this one (`posix-shm`). */
const NOT_HERE = ["/dev/shm"];
/** Looked at first: where every user may write. */
const FIRST = ["/tmp", "/var/tmp", "/run", "/home", "/var/spool"];
const MOST_FOUND = 1000;
const MOST_BYTES = 1024 * 1024;

/**
 * Walks all writable local file systems of the daemon's mount namespace for files of these uids with find(1), which stays on each
 * file system and follows no link. Not seen: network file systems, and subvolumes that are not mounted by themselves.
 * @param budgetMs find is ended then, and `why` says so.
 * @param yields to whatever else runs on this machine
 */
export async function walkForFiles(
  uids: readonly number[],
  budgetMs: number,
  signal?: AbortSignal,
  yields = true,
): Promise<Walk> {
  if (uids.length === 0) return { found: [], why: "" };
  const roots = rootsOf(await readFile("/proc/self/mountinfo", "utf8"));
  const owners = ranges(uids).flatMap(([first, last], at) => [
    ...(at === 0 ? [] : ["-o"]),
    ...["(", "-uid", `+${first - 1}`, "-uid", `-${last + 1}`, ")"],
  ]);
  const prune = NOT_HERE.flatMap((path) => ["-path", path, "-prune", "-o"]);
  return new Promise((resolve) => {
    const find = spawn("find", [...roots, "-xdev", ...prune, "(", ...owners, ")", "-print0"], {
      stdio: ["ignore", "pipe", "ignore"],
      env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C" },
    });
    let text = "";
    let why = "";
    const stop = (reason: string) => {
      why ||= reason;
      find.kill("SIGKILL");
    };
    const timer = setTimeout(() => stop(`not finished within ${budgetMs} ms`), budgetMs);
    const onAbort = () => stop("given up");
    signal?.addEventListener("abort", onAbort, { once: true });
    find.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (text.length > MOST_BYTES) stop("more files than are listed");
    });
    find.once("spawn", () => {
      if (yields) lowPriority(find.pid);
    });
    find.once("error", (error) => (why ||= `find: ${error.message}`));
    find.once("close", () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      const found = [...new Set(text.split("\0").filter((path) => path !== ""))];
      resolve({ found: found.slice(0, MOST_FOUND), why });
    });
  });
}

/** Attempts that run at the same time come first. */
function lowPriority(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It ended already, or this node does not let us: then it runs as it is.
  }
}

/** Mount points to start from, each file system once, open places first. Pure. */
export function rootsOf(mountinfo: string): string[] {
  const seen = new Set<string>();
  const devices = new Map(
    mountinfo.split("\n").map((line) => [line.split(" ", 1)[0], line.split(" ", 3)[2]]),
  );
  const roots = parseMountinfo(mountinfo).flatMap(({ id, fsType, options, superOptions, root, point }) => {
    if (!LOCAL.has(fsType) || !options.includes("rw") || !superOptions.includes("rw")) return [];
    if (NOT_HERE.includes(point)) return [];
    const key = `${devices.get(id) ?? id} ${root}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [point];
  });
  return [...new Set([...FIRST, ...roots])];
}

/** Runs of neighbouring uids: find takes a range as cheaply as one. Pure. */
export function ranges(uids: readonly number[]): [first: number, last: number][] {
  const found: [number, number][] = [];
  for (const uid of [...new Set(uids)].sort((a, b) => a - b)) {
    const last = found.at(-1);
    if (last !== undefined && uid === last[1] + 1) last[1] = uid;
    else found.push([uid, uid]);
  }
  return found;
}
