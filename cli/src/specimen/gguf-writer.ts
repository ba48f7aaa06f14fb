/**
 * The little of the GGUF v3 container format that a llama model needs: header, key-values, tensor
 * table, then tensor data on 32-byte boundaries, all little-endian.
 * Source: ggml `docs/gguf.md`.
 */

const MAGIC = "GGUF";
const VERSION = 3;
const ALIGNMENT = 32;
const GGML_TYPE_F32 = 0;

/** Value type numbers of the format. */
const TYPE = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 } as const;

export type GgufValue =
  | { readonly type: "u32" | "f32"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "strings"; readonly values: readonly string[] }
  | { readonly type: "f32s" | "i32s"; readonly values: readonly number[] };

export interface GgufTensor {
  readonly name: string;
  /** Fastest-running dimension first, as the format has it: [columns, rows]. */
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Key order and tensor order are kept, so equal input gives equal bytes. */
export function writeGguf(
  metadata: readonly (readonly [key: string, value: GgufValue])[],
  tensors: readonly GgufTensor[],
): Buffer {
  const head: Buffer[] = [
    Buffer.from(MAGIC, "ascii"),
    u32(VERSION),
    u64(tensors.length),
    u64(metadata.length),
    ...metadata.flatMap(([key, value]) => [string(key), ...encode(value)]),
  ];
  const data: Buffer[] = [];
  let offset = 0;
  for (const tensor of tensors) {
    head.push(string(tensor.name), u32(tensor.shape.length), ...tensor.shape.map(u64));
    head.push(u32(GGML_TYPE_F32), u64(offset));
    const bytes = padded(float32s(tensor.data));
    data.push(bytes);
    offset += bytes.length;
  }
  return Buffer.concat([padded(Buffer.concat(head)), ...data]);
}

function encode(value: GgufValue): Buffer[] {
  switch (value.type) {
    case "u32":
      return [u32(TYPE.u32), u32(value.value)];
    case "f32":
      return [u32(TYPE.f32), float32s([value.value])];
    case "bool":
      return [u32(TYPE.bool), Buffer.of(value.value ? 1 : 0)];
    case "string":
      return [u32(TYPE.string), string(value.value)];
    case "strings":
      return [u32(TYPE.array), u32(TYPE.string), u64(value.values.length), ...value.values.map(string)];
    case "f32s":
      return [u32(TYPE.array), u32(TYPE.f32), u64(value.values.length), float32s(value.values)];
    case "i32s":
      return [u32(TYPE.array), u32(TYPE.i32), u64(value.values.length), int32s(value.values)];
  }
}

function padded(bytes: Buffer): Buffer {
  const missing = (ALIGNMENT - (bytes.length % ALIGNMENT)) % ALIGNMENT;
  return missing === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(missing)]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function string(value: string): Buffer {
  const text = Buffer.from(value, "utf8");
  return Buffer.concat([u64(text.length), text]);
}

function float32s(values: Iterable<number> & ArrayLike<number>): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  let at = 0;
  for (const value of values) at = bytes.writeFloatLE(value, at);
  return bytes;
}

function int32s(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  let at = 0;
  for (const value of values) at = bytes.writeInt32LE(value, at);
  return bytes;
}
