/** One event in the agent's own terms; `atMs` is the log's wall time, null where it gives none. */
export interface ForeignEvent {
  readonly atMs: number | null;
  readonly event: Readonly<Record<string, unknown>>;
}

/** Characters that are kept of one text; a foreign log may hold anything. */
const TEXT_CHARS = 16_384;
/** As many as a node takes of a run. */
const MAX_EVENTS = 5000;
/** Arguments of a foreign tool that are kept. */
const MAX_ARGUMENTS = 32;

/** Builds the events of one run, with every text bounded. */
export class EventList {
  readonly events: ForeignEvent[] = [];
  #left = 0;
  #turns = 0;

  /** Answers of the model so far. */
  get turns(): number {
    return this.#turns;
  }
  /** Events that found no room. */
  get left(): number {
    return this.#left;
  }

  /** The next answer of the model. */
  turn(atMs: number | null, text: string, more: Readonly<Record<string, string>> = {}): void {
    this.#turns += 1;
    this.#add(atMs, { event: "turn", turn: this.#turns, text, ...more });
  }
  action(atMs: number | null, tool: string, input: Readonly<Record<string, unknown>>): void {
    const kept = Object.entries(input).slice(0, MAX_ARGUMENTS);
    const bounded = new Map(kept.map(([name, value]) => [name.slice(0, 100), plain(value)]));
    this.#add(atMs, { event: "action", turn: this.#turns, tool, input: Object.fromEntries(bounded) });
  }
  /** @param exit null where the log does not say. */
  result(atMs: number | null, tool: string, exit: number | null, output: string): void {
    this.#add(atMs, { event: "result", turn: this.#turns, tool, exit, output });
  }
  /** What the agent says of its work at its end. */
  claim(atMs: number | null, text: string): void {
    this.#add(atMs, { event: "claim", turn: this.#turns, text });
  }
  error(atMs: number | null, message: string): void {
    this.#add(atMs, { event: "error", turn: this.#turns, message });
  }
  /** Something that only the foreign log knows: its task, its scores. */
  foreign(atMs: number | null, event: string, values: Readonly<Record<string, unknown>>): void {
    const bounded = new Map(Object.entries(values).map(([name, value]) => [name, plain(value)]));
    this.#add(atMs, { event, ...Object.fromEntries(bounded) });
  }

  #add(atMs: number | null, event: Readonly<Record<string, unknown>>): void {
    if (this.events.length >= MAX_EVENTS) {
      this.#left += 1;
      return;
    }
    const entries = new Map(
      Object.entries(event).map(([name, value]) => [
        name,
        typeof value === "string" ? boundedText(value) : value,
      ]),
    );
    this.events.push({ atMs, event: Object.fromEntries(entries) });
  }
}

export const boundedText = (text: string, max = TEXT_CHARS): string =>
  text.length <= max ? text : `${text.slice(0, max)} [${text.length - max} more characters]`;

/** Texts, numbers and flags as they are; anything with parts as bounded JSON, so that its depth cannot matter later. */
export function plain(value: unknown): string | number | boolean | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "boolean") return value;
  if (typeof value === "string") return boundedText(value);
  try {
    return boundedText(JSON.stringify(value));
  } catch {
    return "(nested too deeply to be shown)";
  }
}
