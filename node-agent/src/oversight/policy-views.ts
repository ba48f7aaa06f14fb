import { folded, type Span } from "./pattern.ts";

/** One way to read a text in which a rule is looked for. */
export interface View {
  /** What a person is shown where a rule matches here. */
  readonly text: string;
  readonly folded: string;
  /** A span of `folded`, in `text`. */
  spanOf(found: Span): Span;
}

/**
 * The ways to read an answer's part: as it stands and with its escapes resolved, each of them with its control characters, without NUL,
 * which a shell never gets, and without any but tab and newline. What a person is shown has them all.
 */
export function viewsOf(text: string): View[] {
  const plain = unescaped(text);
  return (plain === text ? [text] : [text, plain]).flatMap((base) => {
    const views: View[] = [{ text: base, folded: folded(base), spanOf: (found) => found }];
    for (const dropped of base.search(CONTROL.run) < 0 ? [] : [NUL, CONTROL]) {
      const view = without(base, dropped);
      if (views.every((other) => other.folded !== view.folded)) views.push(view);
    }
    return views;
  });
}

/** Characters that a view is without: rows of them, and whether a code unit is one. */
interface Dropped {
  readonly run: RegExp;
  has(code: number): boolean;
}
const NUL: Dropped = { run: /\0+/g, has: (code) => code === 0 };
const CONTROL: Dropped = {
  run: /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]+/g,
  has: (code) => (code < 0x20 && code !== 0x09 && code !== 0x0a) || (code >= 0x7f && code < 0xa0),
};

function without(text: string, dropped: Dropped): View {
  const placeOf = (index: number): number => {
    let left = index;
    for (let i = 0; i < text.length; i++) {
      if (dropped.has(text.charCodeAt(i))) continue;
      if (left === 0) return i;
      left -= 1;
    }
    return text.length;
  };
  return {
    text,
    folded: folded(text.replace(dropped.run, "")),
    spanOf: ({ start, end }) => ({ start: placeOf(start), end: placeOf(end - 1) + 1 }),
  };
}

const SHORT: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/**
 * A text with the escapes of JSON resolved: an action in JSON can be spelled in more than one way (`r\u006d`), and a rule is about what
 * it says. Both spellings are looked at.
 */
export const unescaped = (text: string): string =>
  text.replace(/\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))/g, (_, hex?: string, short?: string) =>
    hex === undefined ? (SHORT[short ?? ""] ?? short ?? "") : String.fromCharCode(Number.parseInt(hex, 16)),
  );
