/**
 * Rewrites a GGUF file with F32 tensors; an ES module for Node: `node gguf.mjs MODE FILE NEW_FILE`.
 *
 * convert: other order of keys and tensors, other alignment; every value stays. requantise: matrices as Q8_0. alter: the rows
 * of every layer's matrices run backwards, which is another model of the same shapes. Source: ggml `docs/gguf.md`.
 */
export const GGUF_PROGRAM = String.raw`import { readFileSync, writeFileSync } from "node:fs";
const [mode, file, newFile] = process.argv.slice(2);
const [STRING, ARRAY, F32, Q8_0] = [8, 9, 0, 8];
const BYTES = [1, 1, 2, 2, 4, 4, 4, 1, , , 8, 8, 8]; // of a value, by its type

// Read: keys as raw bytes, tensors with their data.
const bytes = readFileSync(file);
let at = 8; // behind magic and version
const u32 = () => bytes.readUInt32LE((at += 4) - 4);
const u64 = () => Number(bytes.readBigUInt64LE((at += 8) - 8));
const text = () => {
  const length = u64();
  return bytes.toString("utf8", at, (at += length));
};
const skip = (type) => {
  if (type === STRING) text();
  else if (type === ARRAY) for (let inner = u32(), left = u64(); left > 0; left--) skip(inner);
  else at += BYTES[type];
};
const [tensorCount, keyCount] = [u64(), u64()];
let keys = Array.from({ length: keyCount }, () => {
  const start = at;
  const name = text();
  skip(u32());
  return { name, raw: Buffer.from(bytes.subarray(start, at)) };
});
let tensors = Array.from({ length: tensorCount }, () => {
  const name = text();
  const shape = Array.from({ length: u32() }, u64);
  return { name, shape, type: u32(), offset: u64() };
});
const padded = (size, alignment) => Math.ceil(size / alignment) * alignment;
const given = keys.find((key) => key.name === "general.alignment");
let alignment = given === undefined ? 32 : given.raw.readUInt32LE(given.raw.length - 4);
const data = padded(at, alignment);
for (const tensor of tensors) {
  if (tensor.type !== F32) throw new Error(tensor.name + " is not F32");
  const size = tensor.shape.reduce((product, n) => product * n, 4);
  tensor.data = Buffer.from(bytes.subarray(data + tensor.offset, data + tensor.offset + size));
}

// Change.
const number = (size, value) => {
  const buffer = Buffer.alloc(size);
  return size === 8 ? (buffer.writeBigUInt64LE(BigInt(value)), buffer) : (buffer.writeUInt32LE(value), buffer);
};
const string = (value) => Buffer.concat([number(8, value.length), Buffer.from(value)]);
const floats = (buffer) => new Float32Array(buffer.buffer, buffer.byteOffset, buffer.length / 4);
// A half float of a number from 0 on; below 2^-14 its steps get no smaller.
const half = (value) => {
  const exponent = value === 0 ? -14 : Math.max(-14, Math.floor(Math.log2(value)));
  const steps = Math.round(value / 2 ** (exponent - 10));
  return (exponent + 14) * 1024 + steps;
};
const q8 = (values) => {
  const blocks = [];
  for (let i = 0; i < values.length; i += 32) {
    const block = [...values.subarray(i, i + 32)];
    const scale = Math.max(...block.map(Math.abs)) / 127;
    const out = Buffer.alloc(34);
    out.writeUInt16LE(half(scale));
    block.forEach((value, n) => out.writeInt8(scale === 0 ? 0 : Math.round(value / scale), 2 + n));
    blocks.push(out);
  }
  return Buffer.concat(blocks);
};
if (mode === "convert") {
  alignment = 256;
  keys = keys.filter((key) => key !== given).reverse();
  keys.push({ raw: Buffer.concat([string("general.alignment"), number(4, 4), number(4, alignment)]) });
  tensors.reverse();
} else if (mode === "requantise") {
  const kind = keys.find((key) => key.name === "general.file_type");
  kind?.raw.writeUInt32LE(7, kind.raw.length - 4); // "mostly Q8_0"
  for (const tensor of tensors.filter(({ shape }) => shape.length > 1))
    Object.assign(tensor, { type: Q8_0, data: q8(floats(tensor.data)) });
} else if (mode === "alter") {
  for (const { name, shape, data } of tensors)
    if (shape.length > 1 && name.startsWith("blk."))
      for (let row = 0; row < data.length / 4; row += shape[0]) floats(data).subarray(row, row + shape[0]).reverse();
} else throw new Error("no such mode: " + mode);

// Write.
const head = [bytes.subarray(0, 8), number(8, tensors.length), number(8, keys.length), ...keys.map((key) => key.raw)];
const body = [];
let offset = 0;
for (const { name, shape, type, data } of tensors) {
  head.push(string(name), number(4, shape.length), ...shape.map((n) => number(8, n)), number(4, type), number(8, offset));
  body.push(data, Buffer.alloc(padded(data.length, alignment) - data.length));
  offset += padded(data.length, alignment);
}
const table = Buffer.concat(head);
writeFileSync(newFile, Buffer.concat([table, Buffer.alloc(padded(table.length, alignment) - table.length), ...body]));`;
