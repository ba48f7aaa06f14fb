/** Small builders of weights files for tests; the real writers live in another package. */
export interface GgufOptions {
  readonly version?: number;
  readonly tensors?: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly type?: number;
  }[];
  readonly strings?: Readonly<Record<string, string>>;
  readonly dataBytes?: number;
}

export const TENSORS = [
  { name: "token_embd.weight", shape: [8, 32] },
  { name: "blk.0.attn_q.weight", shape: [8, 8] },
];

export function ggufBytes({
  version = 3,
  tensors = TENSORS,
  strings = {},
  dataBytes = 64,
}: GgufOptions = {}): Buffer {
  const keys = Object.entries(strings);
  return Buffer.concat([
    Buffer.from("GGUF"),
    u32(version),
    u64(tensors.length),
    u64(keys.length + 1),
    // An array of two strings, as vocabularies are.
    ...[string("tokens"), u32(9), u32(8), u64(2), string("a"), string("b")],
    ...keys.flatMap(([key, value]) => [string(key), u32(8), string(value)]),
    ...tensors.flatMap(({ name, shape, type = 0 }) => [
      ...[string(name), u32(shape.length), ...shape.map(u64), u32(type), u64(0)],
    ]),
    Buffer.alloc(dataBytes, 7),
  ]);
}

export function safetensorsBytes(header: unknown, dataBytes = 64): Buffer {
  const text = Buffer.from(JSON.stringify(header), "utf8");
  return Buffer.concat([u64(text.length), text, Buffer.alloc(dataBytes, 5)]);
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function u64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

export function string(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  return Buffer.concat([u64(bytes.length), bytes]);
}
