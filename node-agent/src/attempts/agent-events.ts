import { z } from "zod";

/** A line of the agent's event channel, as far as the harness understands it; the rest is kept as data. */
const eventSchema = z.looseObject({ event: z.string().max(40) });
export type AgentEvent = z.infer<typeof eventSchema>;

const MAX_LINE = 16_384;
/** What can be parsed cannot always be written again: JSON.stringify recurses, and a journal must never throw. */
const MAX_NESTING = 64;

/**
 * Cuts the agent's output into events. All of it is hostile: lines over 16 KiB, bytes that are no text and
 * lines that are no event become bounded `unparsed` events.
 */
export class AgentEventReader {
  /** Bytes taken in so far. */
  bytes = 0;
  #rest: Buffer = Buffer.alloc(0);
  #skipping = false;

  *take(chunk: Buffer): Generator<AgentEvent> {
    this.bytes += chunk.length;
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const end = data.indexOf(10);
      if (end === -1) break;
      const line = data.subarray(0, end);
      data = data.subarray(end + 1);
      if (this.#skipping) this.#skipping = false;
      else yield parseLine(line);
    }
    if (data.length > MAX_LINE) {
      if (!this.#skipping) yield unparsed(data);
      this.#skipping = true;
      data = Buffer.alloc(0);
    }
    this.#rest = Buffer.from(data);
  }

  /** What stands after the last newline. */
  *end(): Generator<AgentEvent> {
    if (this.#rest.length > 0 && !this.#skipping) yield parseLine(this.#rest);
    this.#rest = Buffer.alloc(0);
  }
}

function parseLine(line: Buffer): AgentEvent {
  if (line.length > MAX_LINE) return unparsed(line);
  const text = line.toString("utf8");
  if (nesting(text) > MAX_NESTING) return unparsed(line);
  try {
    const parsed = eventSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : unparsed(line);
  } catch {
    return unparsed(line);
  }
}

/** Depth of brackets, those inside strings counted as well: more than needed is no harm here. */
function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const character of text) {
    if (character === "[" || character === "{") deepest = Math.max(deepest, ++depth);
    else if (character === "]" || character === "}") depth--;
  }
  return deepest;
}

const unparsed = (line: Buffer): AgentEvent => ({
  event: "unparsed",
  bytes: line.length,
  text: line.subarray(0, 2000).toString("utf8"),
});
