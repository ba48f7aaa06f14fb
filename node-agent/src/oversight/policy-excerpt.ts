import type { Span } from "./pattern.ts";
import { visible } from "./policy-visible.ts";

/** One part of an answer: its text, and where in it a rule was met. */
export interface Part {
  readonly text: string;
  readonly spans: readonly Span[];
}

/** What a person is shown; `cut` where that is not all. */
export interface Excerpt {
  readonly shown: string;
  readonly cut: boolean;
}

/** Room for "[... N characters NOT SHOWN ...]" with what is around it. */
const NOTE = 50;
/** Of a part that is cut, its beginning: which tool it calls. */
const HEAD = 200;
/** A part gets no less, or it is only counted. */
const LEAST = 300;
/** Of a match with many pieces: the first ones and the last. */
const MOST_WINDOWS = 4;

/** The parts on a line each, the first of them with most of the room, in at most `most` characters. */
export function excerptOf(parts: readonly Part[], most: number): Excerpt {
  const ready = parts.map((part) => marked(part));
  const sizes = ready.map(({ text }) => text.length + 1);
  const others = sizes.slice(1);
  const [first = 0] = sizes;
  const sum = others.reduce((all, size) => all + size, 0);
  if (first + sum <= most) return { shown: ready.map(({ text }) => text).join("\n"), cut: false };

  const room = most - NOTE;
  const firstRoom = Math.min(first, Math.max(Math.floor(room * 0.6), room - sum));
  const level = Math.max(LEAST, levelOf(others, room - firstRoom));
  const shown: string[] = [];
  let left = room;
  let missing = 0;
  for (const [i, part] of ready.entries()) {
    const { text } = part;
    const size = Math.min(text.length + 1, Math.floor(i === 0 ? firstRoom : level));
    if (size > left) {
      missing += 1;
      continue;
    }
    shown.push(text.length < size ? text : windowed(part, size - 1));
    left -= size;
  }
  if (missing > 0) shown.push(`[... ${missing} more parts NOT SHOWN ...]`);
  return { shown: shown.join("\n"), cut: true };
}

/** The size that each may have at most for all to have room; what the small ones leave goes to the others. */
function levelOf(sizes: readonly number[], room: number): number {
  let left = room;
  for (const [i, size] of sizes.toSorted((a, b) => a - b).entries()) {
    const level = left / (sizes.length - i);
    if (size > level) return level;
    left -= size;
  }
  return room;
}

/** A part as it is shown, and where in that its matches are. */
interface Marked {
  readonly text: string;
  readonly marks: readonly number[];
}

function marked({ text, spans }: Part): Marked {
  const met =
    spans.length <= MOST_WINDOWS ? spans : [...spans.slice(0, MOST_WINDOWS - 1), ...spans.slice(-1)];
  const marks: number[] = [];
  let out = "";
  let at = 0;
  for (const { start, end } of met) {
    out += visible(text.slice(at, start));
    marks.push(out.length + Math.floor((end - start) / 2));
    at = start;
  }
  return { text: out + visible(text.slice(at)), marks };
}

/** The beginning of a part and what is around each match; its beginning and end where nothing was met. */
function windowed({ text, marks }: Marked, room: number): string {
  const chosen = marks.slice(0, Math.max(1, Math.floor(room / (2 * LEAST))));
  if (chosen.length === 0) {
    const half = Math.floor((room - NOTE) / 2);
    return sewn(text, [
      { start: 0, end: half },
      { start: text.length - half, end: text.length },
    ]);
  }
  const head = Math.min(HEAD, Math.floor(room / 4));
  const width = Math.floor((room - head - NOTE * (chosen.length + 1)) / chosen.length);
  const windows = chosen.map((mark) => {
    const start = Math.max(0, Math.min(mark - Math.floor(width / 2), text.length - width));
    return { start, end: start + width };
  });
  return sewn(text, [{ start: 0, end: head }, ...windows]);
}

/** These stretches of a text, in their order, with the number of characters that are left out between them. */
function sewn(text: string, stretches: readonly Span[]): string {
  let out = "";
  let at = 0;
  for (const { start, end } of stretches) {
    if (end <= at) continue;
    if (start > at) out += note(start - at);
    out += text.slice(Math.max(start, at), end);
    at = end;
  }
  // A pair of which one half was cut away is no character.
  return (at < text.length ? out + note(text.length - at) : out).replace(/\p{Cs}/gu, "");
}

const note = (characters: number) => ` [... ${characters} characters NOT SHOWN ...] `;
