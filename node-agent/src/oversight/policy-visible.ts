/** More of one character in a row than this are counted, not written out. */
const MOST_ALIKE = 8;

/**
 * A text on one line in which nothing is unseen: newlines, control and invisible characters are written as escapes, and a long row of
 * one of them, or of spaces, as their number. What a terminal would take for a sequence of its own, and hide, stands there as text.
 */
export const visible = (text: string): string =>
  text.replace(
    / {9,}|((?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800])\1*/gu,
    (run: string, given?: string) => {
      const character = given ?? " ";
      const times = run.length / character.length;
      const escape = escapeOf(character);
      return times > MOST_ALIKE ? ` [${times} x ${escape}] ` : escape.repeat(times);
    },
  );

function escapeOf(character: string): string {
  if (character === " ") return "space";
  if (character === "\n") return "\\n";
  if (character === "\t") return "\\t";
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`;
}
