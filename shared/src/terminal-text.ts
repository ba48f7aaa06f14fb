/**
 * Makes hostile text safe for a terminal or a log line: no escape sequences, no control characters
 * other than newline and tab, no bidirectional overrides, isolates, invisible or tag characters, no lone
 * surrogates; cut to `max` characters with a note of what was cut.
 */
export function terminalText(text: string, max = 2000): string {
  const cut = text.length > max ? text.slice(0, max) : text;
  const clean = cut

    .replace(
      /\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[PX^_][^\u001b]*(?:\u001b\\)?|\u001b\[[0-?]*[ -/]*[@-~]?|\u001b[ -/]*[0-~]?|\u009b[0-?]*[ -/]*[@-~]?/g,
      "",
    )

    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\u00b7")
    // Before invisible characters go: two lone surrogates around one would close up to a new character.
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd")
    .replace(/[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udfff]/g, "");
  return text.length > max ? `${clean} [${text.length - max} more characters]` : clean;
}

/** The same on one line: newlines and tabs become spaces. */
export function terminalLine(text: string, max = 200): string {
  return terminalText(text, max).replace(/[\n\t]+/g, " ");
}
