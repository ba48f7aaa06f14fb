import type { TensorShape } from "./family.ts";
import { MOST_TENSORS, type ParsedHeader } from "./gguf-header.ts";
import { MOST_HEADER_BYTES } from "./weights-magic.ts";

/** A real tensor's entry has about eight of these; a header with more is not worth its memory. */
const MOST_SEPARATORS = 12 * MOST_TENSORS;
const MOST_DIMENSIONS = 16;
const COMMA = 0x2c;
const BRACE = 0x7b;
const BRACKET = 0x5b;

/**
 * The tensor table of a safetensors file: 8-byte length, then a JSON object of `name: {dtype, shape, data_offsets}` and
 * `__metadata__`. `fileSize` bounds the offsets. Never throws.
 */
export function parseSafetensors(bytes: Buffer, fileSize: number): ParsedHeader {
  if (bytes.length < 8) return { kind: "more" };
  const claimed = bytes.readBigUInt64LE();
  if (claimed > BigInt(MOST_HEADER_BYTES)) return { kind: "bad", why: `a header of ${claimed} bytes` };
  const end = 8 + Number(claimed);
  if (bytes.length < end) return { kind: "more" };
  const text = bytes.subarray(8, end);
  if (separators(text) > MOST_SEPARATORS) return { kind: "bad", why: "the header has too many values" };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.toString("utf8"));
  } catch {
    return { kind: "bad", why: "the header is no JSON" };
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    return { kind: "bad", why: "the header is no JSON object" };
  return tensorsOf(parsed, end, fileSize - end);
}

function tensorsOf(header: object, end: number, dataBytes: number): ParsedHeader {
  const tensors: TensorShape[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const shape = shapeOf(entry, dataBytes);
    if (shape === null) return { kind: "bad", why: "a tensor's shape or offsets cannot be" };
    if (tensors.length >= MOST_TENSORS) return { kind: "bad", why: `more than ${MOST_TENSORS} tensors` };
    tensors.push({ name: Buffer.from(name, "utf8").toString("latin1"), shape });
  }
  return { kind: "header", tensors, bytes: end };
}

function shapeOf(entry: unknown, dataBytes: number): number[] | null {
  if (typeof entry !== "object" || entry === null || !("shape" in entry) || !("data_offsets" in entry))
    return null;
  const shape = wholeNumbers(entry.shape, MOST_DIMENSIONS);
  const [from, to, ...rest] = wholeNumbers(entry.data_offsets, 2) ?? [];
  if (shape === null || from === undefined || to === undefined || rest.length > 0) return null;
  return from <= to && to <= dataBytes ? shape : null;
}

function wholeNumbers(value: unknown, most: number): number[] | null {
  if (!Array.isArray(value) || value.length > most) return null;
  const numbers: number[] = [];
  for (const item of value) {
    if (typeof item !== "number" || !Number.isSafeInteger(item) || item < 0) return null;
    numbers.push(item);
  }
  return numbers;
}

/** An upper bound of the values that the text can become, without parsing it. */
function separators(text: Buffer): number {
  let found = 0;
  for (const byte of text) if (byte === COMMA || byte === BRACE || byte === BRACKET) found += 1;
  return found;
}
