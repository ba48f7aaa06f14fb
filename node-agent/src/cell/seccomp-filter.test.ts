import { describe, expect, it } from "vitest";
import { seccompFilter } from "./seccomp-filter.ts";

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
    else if (code === 0x15) at += accumulator === value ? yes : no;
    else if (code === 0x35) at += accumulator >= value ? yes : no;
    else if (code === 0x45) at += (accumulator & value) === 0 ? no : yes;
    else throw new Error(`instruction ${code}`);
  }
  throw new Error("ran off the end");
}

const tables = [
  { arch: "x64", audit: 0xc000003e, read: 0, ptrace: 101, clone: 56, socket: 41, unshare: 272 },
  { arch: "arm64", audit: 0xc00000b7, read: 63, ptrace: 117, clone: 220, socket: 198, unshare: 97 },
];

describe.each(tables)("seccompFilter $arch", ({ arch, audit, read, ptrace, clone, socket, unshare }) => {
  const program = seccompFilter(arch);
  const ask = (nr: number, ...args: number[]) => answer(program, audit, nr, args);

  it("lets ordinary calls through", () => {
    for (const nr of [read, 439, 434]) expect(ask(nr)).toBe(ALLOW);
    expect(ask(clone, 0x3d0f00)).toBe(ALLOW);
    for (const family of [1, 2, 10]) expect(ask(socket, family, 1, 0)).toBe(ALLOW);
    expect(ask(socket, 16, 3, 0)).toBe(ALLOW);
  });

  it("refuses the others", () => {
    for (const nr of [ptrace, unshare, 425, 438, 428, 442]) expect(ask(nr)).toBe(errno(1));
    expect(ask(435)).toBe(errno(38));
    for (const flag of [0x20000, 0x10000000, 0x20000000, 0x40000000, 0x02000000])
      expect(ask(clone, flag | 0x11)).toBe(errno(1));
    for (const family of [0, 3, 17, 38, 40, 44]) expect(ask(socket, family, 1, 0)).toBe(errno(97));
    expect(ask(socket, 16, 3, 12)).toBe(errno(97));
  });

  it("kills a call of another architecture and refuses the x32 table", () => {
    expect(answer(program, 0x40000003, read)).toBe(KILL);
    expect(ask(0x40000000 + read)).toBe(errno(38));
  });
});

it("makes no filter for an unknown architecture", () => {
  expect(() => seccompFilter("mips")).toThrow(RangeError);
});
