/**
 * Address and port of a `local_address` column of `/proc/net/tcp{,6}`: 32-bit words as the machine stores them
 * (little endian here and on every platform with GPUs we know), port big endian. Null for other text.
 */
export function parseTcpAddress(column: string): { address: string; port: number } | null {
  const [hex, portHex] = column.split(":");
  if (hex === undefined || portHex === undefined) return null;
  const port = Number.parseInt(portHex, 16);
  const bytes = bytesOfWords(hex);
  if (Number.isNaN(port) || bytes === null) return null;
  return { address: bytes.length === 4 ? bytes.join(".") : ipv6Text(bytes), port };
}

function bytesOfWords(hex: string): number[] | null {
  if (hex.length !== 8 && hex.length !== 32) return null;
  const bytes: number[] = [];
  for (let word = 0; word < hex.length; word += 8)
    for (let at = word + 6; at >= word; at -= 2) bytes.push(Number.parseInt(hex.slice(at, at + 2), 16));
  return bytes.some(Number.isNaN) ? null : bytes;
}

/** RFC 5952: the longest run of zero groups is `::`; an IPv4-mapped address ends in dotted form. */
function ipv6Text(bytes: readonly number[]): string {
  const mapped = bytes.slice(0, 10).every((b) => b === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  if (mapped) return `::ffff:${bytes.slice(12).join(".")}`;
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[i * 2] ?? 0) << 8) | (bytes[i * 2 + 1] ?? 0));
  const text = groups.map((g) => g.toString(16)).join(":");
  const runs = [...text.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].map((m) => m[0]);
  const longest = runs.reduce((a, b) => (zeros(b) > zeros(a) ? b : a), "");
  if (longest === "") return text;
  const at = text.indexOf(longest);
  const [head, tail] = [text.slice(0, at), text.slice(at + longest.length)];
  return `${head}::${tail.replace(/^:/, "")}`;
}

const zeros = (run: string) => run.replaceAll(":", "").length;
