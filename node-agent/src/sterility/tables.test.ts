import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, mkdirSync, openSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestFiles } from "./digests.ts";
import { ranges, rootsOf, walkForFiles } from "./file-walk.ts";
import { homesOf, keysIn } from "./key-lines.ts";
import { takeNodeLook } from "./node-look.ts";
import { readingOf, readProcess } from "./process-row.ts";
import { parseInternetTable, parsePacketTable, parseUnixTable } from "./socket-row.ts";
import { parseSysv } from "./sysv-row.ts";

const NET = "net:[1]";

describe("socket tables", () => {
  it("give listeners, owners and inodes of TCP", () => {
    const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 1900000003        0 4711 1 0 100 0 0 10 0
   1: 0100007F:1F91 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 0 0 10 0`;
    expect(parseInternetTable(text, "tcp", NET)).toEqual([
      { table: "tcp", netns: NET, name: "127.0.0.1 8080", listens: true, uid: 1_900_000_003, inode: "4711" },
      { table: "tcp", netns: NET, name: "127.0.0.1 8081", listens: false, uid: 0, inode: "4712" },
    ]);
  });

  it("take a bound UDP socket for a listener and a connected one not", () => {
    const row = (state: string) =>
      `  37: 00000000:0044 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  0 0 99 2 0 0`;
    expect(parseInternetTable(row("07"), "udp", NET)[0]?.listens).toBe(true);
    expect(parseInternetTable(row("01"), "udp", NET)[0]?.listens).toBe(false);
  });

  it("give packet sockets with their owner", () => {
    const text = `sk               RefCnt Type Proto  Iface R Rmem   User   Inode
00000000b 3      3    0003   2     1 0      1000   5150`;
    expect(parsePacketTable(text, NET)).toEqual([
      { table: "packet", netns: NET, name: "protocol 0003", listens: true, uid: 1000, inode: "5150" },
    ]);
  });

  it("give abstract and nameless Unix sockets, and survive a newline in a path", () => {
    const text = `Num       RefCount Protocol Flags    Type St Inode Path
000000004ef67298: 00000003 00000000 00000000 0001 03  1680
000000004ef67299: 00000002 00000000 00010000 0001 01  1681 @left
000000004ef6729a: 00000002 00000000 00010000 0001 01  1682 /run/a
b`;
    expect(parseUnixTable(text, NET).map(({ name, listens, inode }) => [name, listens, inode])).toEqual([
      ["", false, "1680"],
      ["@left", true, "1681"],
      ["/run/a", true, "1682"],
    ]);
  });
});

describe("System V tables", () => {
  it.each([
    ["shm", "key shmid perms size cpid lpid nattch uid gid cuid cgid atime\n0 7 600 4096 1 1 0 5 6 8 9 0"],
    ["sem", "key semid perms nsems uid gid cuid cgid otime\n0 7 600 1 5 6 8 9 0"],
    ["msg", "key msqid perms cbytes qnum lspid lrpid uid gid cuid cgid\n0 7 600 0 0 0 0 5 6 8 9"],
  ] as const)("%s: owner and creator by their heading", (kind, text) => {
    expect(parseSysv(kind, `${text}\n`)).toEqual([{ kind, id: "7", uids: [5, 8] }]);
  });
});

describe("keys and homes", () => {
  it("finds the key behind any options, and every home once", () => {
    expect(keysIn('from="192.0.2.1",command="x" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB7/+x== me')).toEqual([
      "AAAAC3NzaC1lZDI1NTE5AAAAIB7/+x==",
    ]);
    expect(homesOf("root:x:0:0::/root:/bin/sh\nx:x:1:1::/:/bin/false\nbad")).toEqual(["/root"]);
  });
});

describe("roots of the walk", () => {
  it("are writable local file systems, each once", () => {
    const table = `20 1 8:1 / / rw - ext4 /dev/a rw
21 20 8:1 / /again rw - ext4 /dev/a rw
22 20 8:2 / /data rw - xfs /dev/b rw
23 20 8:3 / /ro rw - ext4 /dev/c ro
24 20 0:5 / /proc rw - proc proc rw
25 20 0:6 / /mnt/nfs rw - nfs4 host:/x rw
26 20 0:7 / /dev/shm rw - tmpfs tmpfs rw`;
    const roots = rootsOf(table);
    expect(roots).toEqual(expect.arrayContaining(["/", "/data", "/tmp"]));
    for (const path of ["/again", "/ro", "/proc", "/mnt/nfs", "/dev/shm"]) expect(roots).not.toContain(path);
  });

  it("joins neighbouring uids", () => {
    expect(ranges([7, 5, 6, 9, 5])).toEqual([
      [5, 7],
      [9, 9],
    ]);
  });

  it("says that a walk was cut short", async () => {
    expect((await walkForFiles([1_899_999_999], 1)).why).toMatch(/not finished within 1 ms/);
  });
});

describe("digests", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "redline-digests-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("see new text, and neither follow links nor hang on a FIFO", () => {
    writeFileSync(join(folder, "tab"), "one");
    mkdirSync(join(folder, "deep"));
    execFileSync("mkfifo", [join(folder, "deep/pipe")]);
    symlinkSync("/proc/kmsg", join(folder, "link"));
    const before = digestFiles([folder]);
    writeFileSync(join(folder, "tab"), "two");
    const after = digestFiles([folder, join(folder, "missing")]);
    expect(Object.keys(after.digests).sort()).toEqual(
      ["deep/pipe", "link", "tab"].map((name) => join(folder, name)),
    );
    expect(after.unreadable).toEqual([]);
    const changed = Object.keys(after.digests).filter((path) => before.digests[path] !== after.digests[path]);
    expect(changed).toEqual([join(folder, "tab")]);
  });
});

describe("a process", () => {
  it("is read with uids, namespaces and what it has open", () => {
    const row = readProcess(process.pid);
    expect(row).toMatchObject({ pid: process.pid, parent: process.ppid, partly: false, gpu: false });
    expect(row?.uids).toContain(process.getuid?.());
    expect(row?.namespaces.length).toBeGreaterThanOrEqual(6);
    expect(readProcess(2 ** 22 + 1)).toBeNull();
  });

  it("of another live cell is read without what it has open", () => {
    using file = openFile();
    const own = readProcess(process.pid);
    expect(own?.files.map(({ path }) => path)).toContain(file.path);
    const reading = readingOf(new Set(own?.namespaces.slice(0, 1)));
    const before = reading.left;
    const row = readProcess(process.pid, reading);
    expect(row).toMatchObject({ files: [], sockets: [], heldNamespaces: [], partly: false });
    expect([row?.namespaces, reading.left]).toEqual([own?.namespaces, before]);
  });

  it("is read in part when the look's descriptors are used up", () => {
    const reading = readingOf(new Set(), 2);
    expect([readProcess(process.pid, reading)?.partly, reading.left]).toEqual([true, 0]);
  });

  it("of the daemon's own namespaces is read in full, whatever cells share them", () => {
    using file = openFile();
    const shared = readProcess(process.pid)?.namespaces ?? [];
    const look = takeNodeLook([], shared);
    const own = look.processes.find(({ pid }) => pid === process.pid);
    expect(own?.files.map(({ path }) => path)).toContain(file.path);
  });
});

function openFile() {
  const path = join(mkdtempSync(join(tmpdir(), "redline-open-")), "file");
  const descriptor = openSync(path, "w");
  return {
    path,
    [Symbol.dispose]: () => {
      closeSync(descriptor);
      rmSync(dirname(path), { recursive: true });
    },
  };
}
