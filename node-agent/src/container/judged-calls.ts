import { ALLOWED, type Ask } from "./filter-answer.ts";

/** A comparison of an argument, by its low 32 bits: that is what the kernel takes of all these. */
export interface Argument {
  readonly index: number;
  readonly op: "SCMP_CMP_MASKED_EQ";
  /** The mask. */
  readonly value: number;
  readonly valueTwo: number;
}

const WORD = 0xffffffff;
const STREAM = 1;
/** What can be asked for lies far below these: families, socket types and protocols; options of prctl, requests of terminals. */
const FAMILIES = 64;
const TYPES = 16;
const PROTOCOLS = 64;
const REQUESTS = 32_768;
const OPTIONS = 1_024;
const PIDS = 64;

const masked = (index: number, mask: number, value: number): Argument => ({
  index,
  op: "SCMP_CMP_MASKED_EQ",
  value: mask,
  valueTwo: value,
});
const exactly = (index: number, value: number) => masked(index, WORD, value);
const below = (limit: number) => Array.from({ length: limit }, (_, i) => i);

/**
 * For a call that the filter judges by its arguments: the choices of arguments that it lets through, found by asking it.
 * Undefined for every other call. One rule compares an argument once only, so "all but these" is said in blocks of values.
 */
export function judgedArguments(name: string, ask: Ask): Argument[][] | undefined {
  if (name === "clone") return [[masked(0, refusedBits(ask), 0)]];
  if (name === "socket" || name === "socketpair") return socketChoices(ask);
  if (name === "prlimit64") {
    return below(PIDS).flatMap((pid) => (ask(pid) === ALLOWED ? [[exactly(0, pid)]] : []));
  }
  if (name === "prctl")
    return allBut(
      0,
      below(OPTIONS).filter((value) => ask(value) !== ALLOWED),
    );
  if (name === "ioctl")
    return allBut(
      1,
      below(REQUESTS).filter((value) => ask(0, value) !== ALLOWED),
    );
  return undefined;
}

function refusedBits(ask: Ask): number {
  const bits = below(32).map((bit) => 2 ** bit);
  return bits.filter((bit) => ask(bit) !== ALLOWED).reduce((sum, bit) => sum + bit, 0);
}

function socketChoices(ask: Ask): Argument[][] {
  return below(FAMILIES).flatMap((family) => {
    const goes = (type: number, protocol: number) => ask(family, type, protocol) === ALLOWED;
    const types = below(TYPES);
    const protocols = [...below(PROTOCOLS), WORD];
    if (
      ![...types.map((type) => goes(type, 0)), ...protocols.map((protocol) => goes(STREAM, protocol))].some(
        Boolean,
      )
    )
      return [];
    const pairs = types.flatMap((type) =>
      protocols.filter((protocol) => goes(type, protocol)).map((protocol) => [type, protocol] as const),
    );
    const own = exactly(0, family);
    if (pairs.length === types.length * protocols.length) return [[own]];
    const everyType = protocols.filter((protocol) => types.every((type) => goes(type, protocol)));
    if (pairs.length === types.length * everyType.length) {
      return everyType.map((protocol) => [own, exactly(2, protocol)]);
    }
    // The type's upper bits are flags: non-blocking, close-on-exec.
    return pairs.map(([type, protocol]) => [own, masked(1, TYPES - 1, type), exactly(2, protocol)]);
  });
}

/** All 32-bit values but these: the largest blocks of equal leading bits that hold none of them. */
function allBut(index: number, refused: readonly number[]): Argument[][] {
  const blocks: Argument[][] = [];
  const split = (start: number, size: number) => {
    const inside = refused.some((value) => value >= start && value < start + size);
    if (!inside) blocks.push([masked(index, 2 ** 32 - size, start)]);
    else if (size > 1) {
      split(start, size / 2);
      split(start + size / 2, size / 2);
    }
  };
  split(0, 2 ** 32);
  return blocks;
}
