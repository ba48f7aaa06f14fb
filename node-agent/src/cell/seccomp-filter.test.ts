import { describe, expect, it } from "vitest";
import { seccompFilter } from "./seccomp-filter.ts";
import { DENIED_CALLS } from "./seccomp-filter-table.ts";

const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const errno = (number: number) => 0x00050000 + number;

/** The kernel's answer for one call: the few instructions of classic BPF that the filter uses. */
function answer(program: Buffer, audit: number, nr: number, args: readonly number[] = []): number {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(nr, 0);
  data.writeUInt32LE(audit, 4);
  args.forEach((value, i) => data.writeUInt32LE(value, 16 + 8 * i));
  let accumulator = 0;
  for (let at = 0; at < program.length / 8; at += 1) {
    const code = program.readUInt16LE(at * 8);
    const [yes, no] = [program.readUInt8(at * 8 + 2), program.readUInt8(at * 8 + 3)];
    const value = program.readUInt32LE(at * 8 + 4);
    if (code === 0x06) return value;
    if (code === 0x20) accumulator = data.readUInt32LE(value);
    else if (code === 0x54) accumulator = (accumulator & value) >>> 0;
    else if (code === 0x15) at += accumulator === value ? yes : no;
    else if (code === 0x35) at += accumulator >= value ? yes : no;
    else if (code === 0x45) at += (accumulator & value) === 0 ? no : yes;
    else throw new Error(`instruction ${code}`);
  }
  throw new Error("ran off the end");
}

const x64 = { read: 0, clone: 56, socket: 41, socketpair: 53, ioctl: 16, prctl: 157, prlimit: 302 };
const arm64 = { read: 63, clone: 220, socket: 198, socketpair: 199, ioctl: 29, prctl: 167, prlimit: 261 };
const tables = [
  { arch: "x64", column: 0, audit: 0xc000003e, calls: x64 },
  { arch: "arm64", column: 1, audit: 0xc00000b7, calls: arm64 },
] as const;

describe.each(tables)("seccompFilter $arch", ({ arch, column, audit, calls }) => {
  const program = seccompFilter(arch);
  const ask = (nr: number, ...args: number[]) => answer(program, audit, nr, args);

  it("fits into the kernel's limit of instructions", () => {
    expect(program.length / 8).toBeLessThan(4096);
  });

  it("lets ordinary calls through", () => {
    // memfd_create is not among the denied: JIT compilers and model servers need it.
    for (const nr of [calls.read, 439, 434, 466, column === 0 ? 319 : 279]) expect(ask(nr)).toBe(ALLOW);
    expect(ask(calls.clone, 0x3d0f00)).toBe(ALLOW);
    for (const family of [2, 10])
      for (const [type, protocol] of [
        [1, 0],
        [2, 0],
        [1 | 0x80800, 6],
        [2 | 0x80000, 17],
      ] as const)
        expect(ask(calls.socket, family, type, protocol)).toBe(ALLOW);
    for (const type of [1, 2, 5]) expect(ask(calls.socket, 1, type, 0)).toBe(ALLOW);
    expect(ask(calls.socket, 16, 3, 0)).toBe(ALLOW);
    expect(ask(calls.socketpair, 1, 1, 0)).toBe(ALLOW);
    expect(ask(calls.ioctl, 0, 0x5401)).toBe(ALLOW);
    expect(ask(calls.prctl, 15)).toBe(ALLOW);
    expect(ask(calls.prlimit, 0, 7)).toBe(ALLOW);
  });

  it("refuses every call of the table, and what is newer than it", () => {
    for (const [name, numbers] of Object.entries(DENIED_CALLS)) {
      const number = numbers[column];
      if (number !== null) expect([name, ask(number)]).toEqual([name, errno(1)]);
    }
    for (const nr of [435, 467, 470, 600]) expect(ask(nr)).toBe(errno(38));
  });

  it("refuses new namespaces, other families, raw sockets and other protocols", () => {
    for (const flag of [0x20000, 0x10000000, 0x20000000, 0x40000000, 0x02000000])
      expect(ask(calls.clone, flag | 0x11)).toBe(errno(1));
    for (const family of [0, 3, 17, 38, 40, 44]) {
      expect(ask(calls.socket, family, 1, 0)).toBe(errno(97));
      expect(ask(calls.socketpair, family, 1, 0)).toBe(errno(97));
    }
    expect(ask(calls.socket, 16, 3, 12)).toBe(errno(97));
    for (const family of [2, 10]) {
      for (const type of [3, 3 | 0x80800, 5, 6, 10])
        expect(ask(calls.socket, family, type, 0)).toBe(errno(1));
      // ICMP, SCTP, MPTCP
      for (const protocol of [1, 132, 262]) expect(ask(calls.socket, family, 2, protocol)).toBe(errno(93));
    }
  });

  it("refuses typing into terminals, moving one's own memory map and other processes' limits", () => {
    for (const command of [0x5412, 0x541c, 0x5423]) expect(ask(calls.ioctl, 0, command)).toBe(errno(1));
    expect(ask(calls.prctl, 35, 14)).toBe(errno(1));
    expect(ask(calls.prlimit, 1, 7)).toBe(errno(1));
  });

  it("kills a call of another architecture or of the x32 table", () => {
    expect(answer(program, 0x40000003, calls.read)).toBe(KILL);
    expect(ask(0x40000000 + calls.read)).toBe(KILL);
  });
});

it("makes no filter for an unknown architecture", () => {
  expect(() => seccompFilter("mips")).toThrow(RangeError);
});
