import { nodeRecordSchema, type NodeRecord } from "../journal/node-record.ts";

export type NodeLine =
  | { readonly ok: true; readonly record: NodeRecord }
  /** `raw`: what the line says, where it is JSON at all. */
  | { readonly ok: false; readonly why: string; readonly raw?: unknown };

/** Characters of lines that are remembered; a line that is longer than a part of it is not. */
const MOST_CHARS = 4_194_304;
const LONGEST = 65_536;

const recent = new Map<string, NodeLine>();
let chars = 0;

/**
 * A node's record of its line. Several readers take each line right after one another: what the last ones said is remembered, since
 * checking a record costs more than all that is done with it. Nobody may change what is given.
 */
export function parseNodeLine(line: string): NodeLine {
  const known = recent.get(line);
  if (known !== undefined) return known;
  const parsed = parse(line);
  if (line.length > LONGEST) return parsed;
  recent.set(line, parsed);
  chars += line.length;
  for (const oldest of recent.keys()) {
    if (chars <= MOST_CHARS) break;
    recent.delete(oldest);
    chars -= oldest.length;
  }
  return parsed;
}

function parse(line: string): NodeLine {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    return { ok: false, why: "not JSON" };
  }
  const parsed = nodeRecordSchema.safeParse(raw);
  return parsed.success
    ? { ok: true, record: parsed.data }
    : { ok: false, why: parsed.error.issues[0]?.message ?? "unknown shape", raw };
}
