import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { lookAgain, memoryHolds, ownRanges } from "./memory-search.ts";

const started: ChildProcess[] = [];

/** Joins the text in its memory out of parts, and says when it has it. */
async function holder(parts: string): Promise<number> {
  const code = `$| = 1; $text = ${parts}; print "up\\n"; sleep 600`;
  const child = spawn("perl", ["-e", code], { stdio: ["ignore", "pipe", "ignore"] });
  started.push(child);
  await once(child.stdout, "data");
  return child.pid ?? 0;
}

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

describe("a search in a process's memory", () => {
  it("takes heap and anonymous memory that can be read, and no file, stack or page of the kernel", () => {
    const maps = `55e0-55f0 r-xp 00000000 08:01 77 /usr/bin/perl
1000-2000 rw-p 00000000 00:00 0                          [heap]
3000-4000 ---p 00000000 00:00 0
5000-6000 rw-p 00000000 00:00 0
6000-7000 rw-s 00000000 00:01 12 /dev/zero (deleted)
7000-8000 r--p 00000000 00:00 0                          [anon:v8]
7ffc000-7ffd000 rw-p 00000000 00:00 0                    [stack]
7ffe000-7fff000 r-xp 00000000 00:00 0                    [vdso]
`;
    expect(ownRanges(maps)).toEqual([
      { from: 0x1000, to: 0x2000 },
      { from: 0x5000, to: 0x6000 },
      { from: 0x7000, to: 0x8000 },
    ]);
  });

  it("finds a text of one or two bytes a character, at the end of much memory too, and nothing else", async () => {
    const pid = await holder(`join("", "A" x 9_000_001, "nee", "dle-4711", "B" x 9_000_000)`);
    expect(await memoryHolds(pid, "needle-4711", 2 ** 29)).toBe(true);
    expect(await memoryHolds(pid, "needle-4712", 2 ** 29)).toBe(false);
    const wide = await holder(`join("\\0", split(//, "ne" . "edle-4713")) . "\\0"`);
    expect(await memoryHolds(wide, "needle-4713", 2 ** 29)).toBe(true);
  });

  it("goes on behind a page that cannot be read, and does not call absent what may stand there", async () => {
    const lines = [
      "import ctypes, mmap, sys, time",
      "libc = ctypes.CDLL(None, use_errno=True)",
      "m = mmap.mmap(-1, 64 * 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)",
      // In two parts, so that it stands together there alone.
      "m[60 * 4096 : 60 * 4096 + 3] = b'nee'",
      "m[60 * 4096 + 3 : 60 * 4096 + 11] = b'dle-4715'",
      "at = ctypes.addressof(ctypes.c_char.from_buffer(m))",
      // MADV_GUARD_INSTALL, which kernels have from 6.13 on.
      "print(libc.madvise(ctypes.c_void_p(at + 8 * 4096), ctypes.c_size_t(2 * 4096), 102), flush=True)",
      "time.sleep(600)",
    ];
    const child = spawn("python3", ["-c", lines.join("\n")], { stdio: ["ignore", "pipe", "inherit"] });
    started.push(child);
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await once(child.stdout, "data");
    const pid = child.pid ?? 0;
    expect(await memoryHolds(pid, "needle-4715", 2 ** 29)).toBe(true);
    if (said.trim() === "0")
      await expect(memoryHolds(pid, "needle-" + "4716", 2 ** 29)).rejects.toThrow(/^8192 bytes/);
  });

  it("looks again where a text was not found, since a runtime moves it meanwhile, and not where it was or could not be", async () => {
    const looks = async (...answers: (boolean | null)[]) => {
      let asked = 0;
      const found = await lookAgain(() => Promise.resolve(answers[asked++] ?? null));
      return [found, asked];
    };
    expect(await looks(false, true)).toEqual([true, 2]);
    expect(await looks(false, false, false, true)).toEqual([false, 3]);
    expect(await looks(true, false)).toEqual([true, 1]);
    expect(await looks(null, true)).toEqual([null, 1]);
  });

  it("says when there was more memory than it may read, or none that it can", async () => {
    const pid = await holder(`"A" x 9_000_000`);
    expect(await memoryHolds(pid, "needle-4712", 4096)).toBeNull();
    started[0]?.kill("SIGKILL");
    await once(started[0] ?? process, "exit");
    await expect(memoryHolds(pid, "needle", 2 ** 29)).rejects.toThrow();
  });
});
