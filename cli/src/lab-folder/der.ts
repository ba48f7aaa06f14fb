/** The few forms of ASN.1 DER that a certificate needs (X.690). Each function gives one whole element: tag, length, content. */
const element = (tag: number, content: Uint8Array) =>
  Buffer.concat([Buffer.from([tag]), lengthOf(content), content]);

export const sequence = (...parts: readonly Uint8Array[]) => element(0x30, Buffer.concat(parts));
export const set = (...parts: readonly Uint8Array[]) => element(0x31, Buffer.concat(parts));
export const utf8 = (text: string) => element(0x0c, Buffer.from(text, "utf8"));
export const yes = element(0x01, Buffer.from([0xff]));
export const octets = (content: Uint8Array) => element(0x04, content);
/** @param unused bits of the last byte that do not count */
export const bits = (content: Uint8Array, unused = 0) =>
  element(0x03, Buffer.concat([Buffer.from([unused]), content]));
/** In place of a tag of its own: `number` in square brackets; `explicit` wraps whole elements. */
export const tagged = (number: number, content: Uint8Array, explicit = false) =>
  element((explicit ? 0xa0 : 0x80) + number, content);

/** Big-endian bytes of a number that is not negative. */
export function integer(content: Uint8Array): Buffer {
  const start = content.findIndex((byte) => byte !== 0);
  const bare = start < 0 ? Buffer.from([0]) : content.subarray(start);
  // A leading one would be a sign.
  const positive = (bare[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bare]) : bare;
  return element(0x02, positive);
}

export function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  return element(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** UTCTime up to 2049, GeneralizedTime after it, as RFC 5280 wants it. */
export function time(at: Date): Buffer {
  const digits = at
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replace(/[-:T]/g, "");
  return at.getUTCFullYear() < 2050
    ? element(0x17, Buffer.from(digits.slice(2)))
    : element(0x18, Buffer.from(digits));
}

function base128(number: number): number[] {
  const bytes = [number & 0x7f];
  for (let rest = Math.floor(number / 128); rest > 0; rest = Math.floor(rest / 128))
    bytes.unshift((rest & 0x7f) | 0x80);
  return bytes;
}

function lengthOf(content: Uint8Array): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest & 0xff);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}
