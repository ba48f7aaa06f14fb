/** A pattern of the approval policy, ready to be looked for. */
export type Pattern = readonly string[];

/** `*` stands for any characters, newlines too; upper and lower case are alike. */
export const patternOf = (text: string): Pattern =>
  text
    .toLowerCase()
    .split("*")
    .filter((piece) => piece !== "");

/**
 * Where a pattern begins in a text, -1 where it is not in it. It may stand anywhere: a rule that nobody wrote stars around must not be
 * one that never matches. Each piece is looked for once, behind the one before it, so that the time is linear in the text whatever the
 * pattern; a regular expression from a study's text would have no such bound, and the daemon's loop is what keeps its cells alive.
 * @param lowered the text in lower case.
 */
export function findPattern(pattern: Pattern, lowered: string): number {
  let first = -1;
  let from = 0;
  for (const piece of pattern) {
    const at = lowered.indexOf(piece, from);
    if (at < 0) return -1;
    if (first < 0) first = at;
    from = at + piece.length;
  }
  return Math.max(first, 0);
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
