/** The filter's word for a call that goes through. */
export const ALLOWED = 0x7fff0000;
const ERRNO = 0x00050000;
/** Size of struct seccomp_data, and where its arguments begin. */
const DATA_BYTES = 64;
const ARGUMENTS = 16;

/** The filter's answer for a call with these arguments, each by its low half. */
export type Ask = (...args: readonly number[]) => number;

type Instruction = readonly [code: number, yes: number, no: number, value: number];

/** Reads struct sock_filter, little-endian. */
export function instructionsOf(program: Buffer): Instruction[] {
  return Array.from({ length: Math.floor(program.length / 8) }, (_, i) => [
    program.readUInt16LE(i * 8),
    program.readUInt8(i * 8 + 2),
    program.readUInt8(i * 8 + 3),
    program.readUInt32LE(i * 8 + 4),
  ]);
}

/**
 * What a classic BPF program of ours answers for one call: the few instructions that `seccompFilter` uses.
 * @throws RangeError on an instruction that it does not use
 */
export function filterAnswers(
  program: readonly Instruction[],
  audit: number,
  nr: number,
  args: readonly number[],
): number {
  let accumulator = 0;
  const word = (offset: number) => {
    if (offset === 0) return nr;
    if (offset === 4) return audit;
    if (offset < ARGUMENTS || offset >= DATA_BYTES || offset % 8 !== 0)
      throw new RangeError(`load ${offset}`);
    return (args[(offset - ARGUMENTS) / 8] ?? 0) >>> 0;
  };
  for (let at = 0; at < program.length; at += 1) {
    const [code = 0, yes = 0, no = 0, value = 0] = program[at] ?? [];
    if (code === 0x06) return value;
    else if (code === 0x20) accumulator = word(value);
    else if (code === 0x15) at += accumulator === value ? yes : no;
    else if (code === 0x25) at += accumulator > value ? yes : no;
    else if (code === 0x35) at += accumulator >= value ? yes : no;
    else if (code === 0x45) at += (accumulator & value) === 0 ? no : yes;
    else if (code === 0x54) accumulator = (accumulator & value) >>> 0;
    else if (code === 0x05) at += value;
    else throw new RangeError(`instruction ${code}`);
  }
  throw new RangeError("ran off the end");
}

/** @throws RangeError when the answer is no error number: a profile could not say it the same way. */
export function errnoOf(answer: number): number {
  if ((answer & 0xffff0000) >>> 0 !== ERRNO)
    throw new RangeError(`answer ${answer.toString(16)} is no error`);
  return answer & 0xffff;
}
