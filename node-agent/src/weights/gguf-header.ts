import type { TensorShape } from "./family.ts";

/** `more`: the bytes end before the header does. */
export type ParsedHeader =
  | { readonly kind: "header"; readonly tensors: readonly TensorShape[]; readonly bytes: number }
  | { readonly kind: "more" }
  | { readonly kind: "bad"; readonly why: string };

export const MOST_TENSORS = 1_000_000;
const MOST_KEYS = 1_000_000;
/** ggml's GGML_MAX_DIMS is 4; a little room for what comes. */
const MOST_DIMENSIONS = 8;
const MOST_DEPTH = 4;

/** Bytes of a value by its type number; 8 is a string, 9 an array. */
const FIXED: Readonly<Record<number, number>> = {
  ...{ 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 },
};
const STRING = 8;
const ARRAY = 9;

class NeedsMore extends Error {}
class Lies extends Error {}

/**
 * The tensor table of a GGUF file of version 2 or 3, little-endian (ggml `docs/gguf.md`). Nothing is allocated for what the
 * header only claims: every count is used up by bytes that are there. Never throws.
 */
export function parseGguf(bytes: Buffer): ParsedHeader {
  try {
    return readGguf(new Cursor(bytes));
  } catch (error) {
    if (error instanceof NeedsMore) return { kind: "more" };
    return { kind: "bad", why: error instanceof Lies ? error.message : String(error).slice(0, 200) };
  }
}

function readGguf(at: Cursor): ParsedHeader {
  if (at.text(4) !== "GGUF") throw new Lies("no GGUF magic");
  const version = at.u32();
  if (version !== 2 && version !== 3) throw new Lies(`GGUF version ${version} is not known`);
  const tensorCount = at.count("tensors", MOST_TENSORS);
  const keyCount = at.count("keys", MOST_KEYS);
  for (let key = 0; key < keyCount; key += 1) {
    at.skip(at.length());
    skipValue(at, at.u32(), 0);
  }
  const tensors: TensorShape[] = [];
  for (let index = 0; index < tensorCount; index += 1) {
    const name = at.text(at.length());
    const dimensions = at.u32();
    if (dimensions > MOST_DIMENSIONS) throw new Lies(`a tensor of ${dimensions} dimensions`);
    const shape: bigint[] = [];
    for (let d = 0; d < dimensions; d += 1) shape.push(at.u64());
    // Type and offset.
    at.skip(12);
    tensors.push({ name, shape });
  }
  return { kind: "header", tensors, bytes: at.position };
}

function skipValue(at: Cursor, type: number, depth: number): void {
  const fixed = FIXED[type];
  if (fixed !== undefined || type === STRING) {
    at.skip(fixed ?? at.length());
    return;
  }
  if (type !== ARRAY) throw new Lies(`value type ${type} is not known`);
  if (depth >= MOST_DEPTH) throw new Lies("arrays are nested too deep");
  const element = at.u32();
  const count = at.length();
  const size = FIXED[element];
  if (size !== undefined) at.skip(count * size);
  // Every string or array takes at least its 8 bytes of length: the loop ends with the bytes.
  else for (let index = 0; index < count; index += 1) skipValue(at, element, depth + 1);
}

/** Reads forward only; `NeedsMore` where the bytes end. */
class Cursor {
  readonly #bytes: Buffer;
  position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  skip(length: number): void {
    if (length > this.#bytes.length - this.position) throw new NeedsMore();
    this.position += length;
  }

  u32(): number {
    this.skip(4);
    return this.#bytes.readUInt32LE(this.position - 4);
  }

  u64(): bigint {
    this.skip(8);
    return this.#bytes.readBigUInt64LE(this.position - 8);
  }

  /** Of bytes or elements: one that no file can hold is a lie, one that this buffer cannot hold ends in `skip`. */
  length(): number {
    const value = this.u64();
    if (value > BigInt(Number.MAX_SAFE_INTEGER) / 16n) throw new Lies(`a length of ${value}`);
    return Number(value);
  }

  count(what: string, most: number): number {
    const value = this.u64();
    if (value > BigInt(most)) throw new Lies(`${value} ${what}, at most ${most} are read`);
    return Number(value);
  }

  text(length: number): string {
    this.skip(length);
    return this.#bytes.toString("latin1", this.position - length, this.position);
  }
}
