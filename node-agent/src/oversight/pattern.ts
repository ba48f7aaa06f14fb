/** A pattern of the approval policy, ready to be looked for. */
export type Pattern = readonly string[];

/** Where a piece of a pattern stands in a text; `end` is the first character behind it. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Lower case in which each character keeps its place: what is found in it is found there in the text itself. The one character that
 * lower case makes longer (U+0130, a capital i with a dot) counts as an i.
 */
export const folded = (text: string): string => text.replaceAll("\u0130", "i").toLowerCase();

/** `*` stands for any characters, newlines too; upper and lower case are alike. */
export const patternOf = (text: string): Pattern =>
  folded(text)
    .split("*")
    .filter((piece) => piece !== "");

/**
 * Where the pieces of a pattern stand in a text, null where it is not in it. It may stand anywhere: a rule that nobody wrote stars
 * around must not be one that never matches. Each piece is looked for once, behind the one before it, so that the time is linear in the
 * text whatever the pattern; a regular expression from a study's text would have no such bound, and the daemon's loop is what keeps its
 * cells alive.
 * @param text folded.
 */
export function findPattern(pattern: Pattern, text: string): readonly Span[] | null {
  const spans: Span[] = [];
  let from = 0;
  for (const piece of pattern) {
    const start = text.indexOf(piece, from);
    if (start < 0) return null;
    from = start + piece.length;
    spans.push({ start, end: from });
  }
  return spans;
}
