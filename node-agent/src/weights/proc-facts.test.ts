import { existsSync } from "node:fs";
import { open } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { deviceOfMap, deviceText } from "./device-text.ts";
import { lineageOf, type LineageFacts } from "./lineage.ts";
import { parseMaps } from "./mapped-files.ts";
import { mountsById } from "./mount-table.ts";
import { outgoing } from "./process-traffic.ts";
import { extentsOf, overlap, parseFilefrag } from "./shared-extents.ts";

describe("device numbers", () => {
  it("are split as the C library does", () => {
    expect(deviceText(0xfe00n)).toBe("254:0");
    expect(deviceText(27n)).toBe("0:27");
    // makedev(0x12345, 0x6789a) of the C library.
    expect(deviceText(0x1_2000_6783_459an)).toBe("74565:424090");
    expect(deviceOfMap("fe:00")).toBe("254:0");
    expect(deviceOfMap("x")).toBeNull();
  });
});

it("maps: one entry a file, addresses as map_files has them, hostile names whole", () => {
  const text = [
    "00400000-00452000 r-xp 00000000 fe:00 173521      /usr/bin/a b",
    "00651000-00652000 r--p 00051000 fe:00 173521      /usr/bin/a b",
    "7f2c8a000000-7f2c8a021000 rw-p 00000000 00:00 0 ",
    "7f2c8b000000-7f2c8b021000 rw-p 00000000 00:00 0   [heap]",
    "7f2c8c000000-7f2c8c021000 r--s 00000000 00:1b 7   /home/agent/x\\0127f2c8c000000-7f2c8c021000 (deleted)",
    "7f2c8d000000-7f2c8d0",
  ].join("\n");
  expect(parseMaps(text)).toEqual([
    { range: "400000-452000", device: "254:0", inode: "173521", path: "/usr/bin/a b", bytes: 0x53000 },
    {
      range: "7f2c8c000000-7f2c8c021000",
      device: "0:27",
      inode: "7",
      path: "/home/agent/x\n7f2c8c000000-7f2c8c021000 (deleted)",
      bytes: 0x21000,
    },
  ]);
});

it("mountinfo: by mount id, with optional fields and escaped paths", () => {
  const text = [
    "22 27 0:21 / /proc rw,relatime - proc proc rw",
    "41 40 254:0 /data/w\\040x.gguf /home/agent/w\\040x.gguf ro,nosuid master:1 shared:2 - ext4 /dev/vda rw",
    "42 40 0:50 / /home/agent rw,nosuid - tmpfs tmpfs rw,size=8k",
    "43 40 0:51 / /mnt rw - nfs4 host:/x ro,vers=4",
    "garbage",
  ].join("\n");
  const mounts = mountsById(text);
  expect(mounts.get("41")).toEqual({
    fsType: "ext4",
    root: "/data/w x.gguf",
    point: "/home/agent/w x.gguf",
    writable: false,
  });
  expect(mounts.get("42")).toEqual({ fsType: "tmpfs", root: "/", point: "/home/agent", writable: true });
  expect(mounts.get("43")?.writable).toBe(false);
  expect(mounts.size).toBe(4);
});

describe("lineage", () => {
  const original = { files: [{ path: "/home/agent/system/w.gguf", device: "254:0", inode: "9" }] };
  const home = { fsType: "tmpfs", root: "/", point: "/home/agent", writable: true };
  const at = (more: Partial<LineageFacts>): LineageFacts => ({
    device: "0:50",
    inode: "9",
    links: 1,
    path: "/home/agent/copy/w.gguf",
    mount: home,
    sharesBlocks: false,
    ...more,
  });
  const readOnly = { ...home, fsType: "ext4", writable: false };
  const part = { ...home, fsType: "ext4", root: "/data/w.gguf" };
  const own = { device: "254:0", mount: { ...home, fsType: "ext4" } };
  it.each([
    [at({}), true, "copied"],
    [at({}), false, "fetched"],
    [at({ sharesBlocks: true }), true, "clone"],
    [at({ mount: { ...home, fsType: "nfs4" } }), false, "network-mount"],
    [at({ mount: { ...home, fsType: "fuse.sshfs" } }), true, "network-mount"],
    [at({ mount: readOnly }), false, "bind-mount"],
    [at({ mount: part }), true, "bind-mount"],
    [at({ ...own, links: 2 }), true, "hard-link"],
    [at({ ...own, links: 1 }), true, "symlink"],
    [at({ ...own, mount: part, links: 2 }), true, "bind-mount"],
    [at({ ...own, mount: part, path: "/home/agent/system/w.gguf" }), true, "symlink"],
    // Equal numbers on another device are chance.
    [at({ ...own, links: 2 }), false, "fetched"],
  ] as const)("%j, same device %s: %s", (file, sameDevice, lineage) => {
    expect(lineageOf(file, original, sameDevice)).toBe(lineage);
  });
});

describe("shared extents", () => {
  // Recorded: filefrag on btrfs (from the message of a kernel patch), and 1.47.0 on ext4 here, its second row changed.
  const clone = `Filesystem type is: 9123683e
File size of /mnt/test/foo is 28672 (7 blocks of 4096 bytes)
 ext:     logical_offset:        physical_offset: length:   expected: flags:
   0:        0..       0:      33280..     33280:      1:             shared
   1:        1..       2:      33792..     33793:      2:      33281: shared
   2:        3..       6:      33281..     33284:      4:      33794: last,shared,eof
/mnt/test/foo: 3 extents found
`;
  const plain = `Filesystem type is: ef53
File size of /usr/bin/node is 98932688 (24154 blocks of 4096 bytes)
 ext:     logical_offset:        physical_offset: length:   expected: flags:
   0:        0..   16130:    3752189..   3768319:  16131:
   1:    16131..   24153:          0..         0:   8023:    3768320: last,unknown_loc,delalloc,eof
/usr/bin/node: 2 extents found
`;
  it("are read from filefrag's table", () => {
    expect(parseFilefrag(clone)).toEqual([
      { start: 33280, end: 33280, shared: true },
      { start: 33792, end: 33793, shared: true },
      { start: 33281, end: 33284, shared: true },
    ]);
    expect(parseFilefrag(plain)).toEqual([{ start: 3752189, end: 3768319, shared: false }]);
    expect(parseFilefrag("FIBMAP/FIEMAP unsupported")).toEqual([]);
  });
  const filefrag = existsSync("/usr/sbin/filefrag");
  const why = filefrag ? "" : " (skipped: no /usr/sbin/filefrag here; install e2fsprogs)";
  it.runIf(filefrag)(`are asked for through the descriptor${why}`, async () => {
    await using node = await open(process.execPath);
    const extents = await extentsOf(node.fd);
    // An overlay or a network file system may know none.
    if (extents !== null) expect(extents.every((e) => e.end >= e.start)).toBe(true);
    await using proc = await open("/proc/self/maps");
    expect((await extentsOf(proc.fd)) ?? []).toEqual([]);
  });
  it("overlap only where both are shared and meet", () => {
    const [a, b] = [parseFilefrag(clone), parseFilefrag(plain)];
    expect(overlap(a, [{ start: 33793, end: 33900, shared: true }])).toBe(true);
    expect(overlap(a, [{ start: 33794, end: 33900, shared: true }])).toBe(false);
    expect(overlap(a, b)).toBe(false);
    expect(overlap(b, b)).toBe(false);
  });
});

it("connections: those a process made, not those that came to its own port", () => {
  const row = (local: string, remote: string, state: string, inode: string) =>
    `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0 20 4 30 10 -1`;
  const table = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    row("0100007F:1F40", "00000000:0000", "0A", "1"),
    row("0100007F:1F40", "0100007F:D431", "01", "2"),
    row("0100007F:D432", "0200580A:1F41", "01", "3"),
    row("0100007F:D433", "0200580A:1F41", "06", "4"),
    row("0100007F:D434", "0200580A:1F41", "01", "77"),
    row("00000000000000000000000001000000:D435", "00000000000000000000000001000000:1F41", "01", "5"),
  ].join("\n");
  expect(outgoing(table, new Set(["1", "2", "3", "4", "5"]))).toEqual([
    "127.0.0.1:54322 -> 10.88.0.2:8001",
    "[::1]:54325 -> [::1]:8001",
  ]);
});
