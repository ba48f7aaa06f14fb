import { describe, expect, it } from "vitest";
import { seccompFilter } from "../cell/seccomp-filter.ts";
import { ALLOWED, filterAnswers, instructionsOf } from "./filter-answer.ts";
import { seccompProfile } from "./seccomp-profile.ts";
import { syscallNames } from "./syscall-names.ts";

/** Every value with few bits, the values that decide, and some beyond what a call takes. */
const WORDS = [
  0, 1, 2, 3, 6, 10, 11, 12, 16, 17, 35, 36, 40, 0x11, 0x5411, 0x5412, 0x541c, 0x5423, 0x3d0f00, 0xffffffff,
];
const CHOICES = [
  ...WORDS.flatMap((first) => WORDS.map((second) => [first, second, 0])),
  ...WORDS.flatMap((first) =>
    [1, 2, 3, 0x80801].flatMap((type) => WORDS.map((third) => [first, type, third])),
  ),
  ...Array.from({ length: 32 }, (_, bit) => [2 ** bit + 0x11, 0, 0]),
];

describe.each(["x64", "arm64"])("the engine's profile on %s", (arch) => {
  const filter = instructionsOf(seccompFilter(arch));
  const { audit, numbers, nameOf } = syscallNames(arch);
  const { syscalls } = seccompProfile(arch);
  const rulesOf = (name: string) => syscalls.filter(({ names }) => names.includes(name));

  const judged = new Set(syscalls.flatMap(({ names, args }) => (args === undefined ? [] : names)));

  /** As libseccomp reads it: a rule fits when all its comparisons hold. */
  const lets = (rules: ReturnType<typeof rulesOf>, args: readonly number[]) =>
    rules.some(
      (rule) =>
        rule.action === "SCMP_ACT_ALLOW" &&
        (rule.args ?? []).every(
          ({ index, value, valueTwo }) => ((args[index] ?? 0) & value) >>> 0 === valueTwo,
        ),
    );

  it("lets through what the filter of bubblewrap's cells lets through, and nothing else", () => {
    const differ = numbers.flatMap((number) => {
      const name = nameOf(number) ?? "?";
      const rules = rulesOf(name);
      const choices = judged.has(name) ? CHOICES : CHOICES.slice(0, 2);
      return choices
        .filter((args) => lets(rules, args) !== (filterAnswers(filter, audit, number, args) === ALLOWED))
        .map((args) => `${name} ${args.join()}`);
    });
    expect(differ).toEqual([]);
  });

  it("refuses what leads out of a cell as not permitted", () => {
    for (const name of ["ptrace", "bpf", "unshare", "setns", "mount", "io_uring_setup", "keyctl"])
      expect(rulesOf(name)).toEqual([expect.objectContaining({ action: "SCMP_ACT_ERRNO", errnoRet: 1 })]);
  });
});

it("makes no profile of a filter that judges a call in another way", () => {
  const program = Buffer.alloc(24);
  // load argument 0; return it: every call is judged by its first argument.
  program.writeUInt16LE(0x20, 0);
  program.writeUInt32LE(16, 4);
  program.writeUInt16LE(0x35, 8);
  program.writeUInt8(1, 8 + 3);
  program.writeUInt32LE(1, 12);
  program.writeUInt16LE(0x06, 16);
  program.writeUInt32LE(0x00050001, 20);
  const allow = Buffer.alloc(8);
  allow.writeUInt16LE(0x06, 0);
  allow.writeUInt32LE(0x7fff0000, 4);
  expect(() => seccompProfile("x64", Buffer.concat([program, allow]))).toThrow("looks at the arguments");
  expect(() => seccompProfile("mips", program)).toThrow(RangeError);
});
