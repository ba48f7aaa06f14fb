import { describe, expect, it } from "vitest";
import { boundedText } from "./bounded-text.ts";
import { inodeIn } from "./proc-file.ts";
import { isDead, parseStat, sameStat } from "./proc-stat.ts";
import { parseStatus } from "./proc-status.ts";

// Recorded on Linux 6.18; the comm is put in.
const stat = (comm: string, state = "S", flags = "4194304", start = "180334", code = "94086241386496") =>
  Buffer.from(
    `4242 (${comm}) ${state} 17 4242 4242 34816 4242 ${flags} 112 0 0 0 0 0 0 0 20 0 1 0 ${start} 6389760 420 18446744073709551615 ${code} 94086241405545 140722 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 94086 94086 94086 1407 1407 1407 1407 0\n`,
  );

describe("parseStat", () => {
  it.each(["node", "a b c", ") R 1 (", "x) S 999 1 1 0", "((((", "", "ärger", "new\nline"])(
    "counts fields behind comm %j",
    (comm) => {
      expect(parseStat(stat(comm))).toEqual({
        comm,
        state: "S",
        ppid: 17,
        kernelThread: false,
        startTick: 180_334,
        startCode: "94086241386496",
      });
    },
  );

  it("knows kernel threads, the dead, and what makes another process or program", () => {
    const base = parseStat(stat("a"));
    const other = (...args: Parameters<typeof stat>) => {
      const parsed = parseStat(stat(...args));
      if (parsed === null || base === null) throw new Error("not parsed");
      return { parsed, same: sameStat(base, parsed) };
    };
    expect(other("kthreadd", "S", "2129984").parsed.kernelThread).toBe(true);
    expect(isDead(other("a", "Z").parsed)).toBe(true);
    expect(isDead(other("a", "D").parsed)).toBe(false);
    expect(other("a", "R").same).toBe(true);
    // A process that renames itself all the time must not hide by that.
    expect(other("b").same).toBe(true);
    expect(other("a", "S", "4194304", "180335").same).toBe(false);
    expect(other("a", "S", "4194304", "180334", "1").same).toBe(false);
  });

  it.each(["", "4242", "4242 (node", "4242 (node) S 1 2"])("refuses %j", (text) => {
    expect(parseStat(Buffer.from(text))).toBeNull();
  });
});

describe("parseStatus", () => {
  const status = (nspid: string, name = "node") =>
    Buffer.from(
      `Name:\t${name}\nUmask:\t0022\nUid:\t1000\t1001\t1002\t1003\nGid:\t0\t0\t0\t0\nNSpid:\t${nspid}\nThreads:\t1\n`,
    );

  it("takes the real uid and the innermost pid", () => {
    expect(parseStatus(status("4242"))).toEqual({ uid: 1000, cellPid: 4242 });
    expect(parseStatus(status("4242\t17\t1"))).toEqual({ uid: 1000, cellPid: 1 });
  });

  it("is not fooled by a name that looks like a line (the kernel escapes it)", () => {
    expect(parseStatus(status("9", "x\\nUid:\\t0"))).toEqual({ uid: 1000, cellPid: 9 });
  });

  it("says null for a cut file", () => {
    expect(parseStatus(Buffer.from("Name:\tnode\nUid:\t1000\t1000\t1000\t1000\nGroups:\t1 2 3"))).toBeNull();
  });
});

describe("links and text", () => {
  it("reads an inode of the right kind only", () => {
    expect(inodeIn("net:[4026531840]", "net")).toBe("4026531840");
    expect(inodeIn("socket:[77]", "socket")).toBe("77");
    expect(inodeIn("pipe:[77]", "socket")).toBeNull();
    expect(inodeIn("/tmp/socket:[77]", "socket")).toBeNull();
    expect(inodeIn(null, "net")).toBeNull();
  });

  it("bounds text without leaving half a character", () => {
    expect(boundedText("abcdef", 3)).toBe("abc");
    expect(boundedText("ab🙂", 3)).toBe("ab\ufffd");
    expect(boundedText("ab🙂", 4)).toBe("ab🙂");
    expect(boundedText("\udc00x\ud800", 9)).toBe("\ufffdx\ufffd");
  });
});
