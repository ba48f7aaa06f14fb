/** The texts of a Python dictionary, by key, and whether the text stopped inside it. */
export interface PythonTexts {
  readonly texts: ReadonlyMap<string, string>;
  readonly cut: boolean;
}

/** Print puts a space into `\n` and before a closing quote; no escape needs one. */
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

/**
 * Reads `{'key': 'text', ...}` as Python prints it, leniently: keys without the spaces that print added, values that
 * are no texts as they stand. Nothing is evaluated. Takes linear time.
 */
export function pythonTexts(source: string): PythonTexts {
  const texts = new Map<string, string>();
  const start = source.indexOf("{");
  if (start === -1) return { texts, cut: true };
  let at = start + 1;
  let key: string | null = null;
  // Ends at the closing brace or at the end of the text: each turn goes at least one character on.
  while (at < source.length) {
    const c = source.charAt(at);
    if (c === "}") return { texts, cut: false };
    if (c === "'" || c === '"') {
      const { text, next, closed } = quoted(source, at);
      if (key === null) key = text.trim();
      else {
        texts.set(key, text);
        key = null;
      }
      if (!closed) return { texts, cut: true };
      at = next;
      continue;
    }
    const bare = key === null ? null : /^(?:-?\d[\d.]*|None|True|False)/.exec(source.slice(at, at + 40));
    if (key !== null && bare !== null) {
      texts.set(key, bare[0]);
      key = null;
      at += bare[0].length;
      continue;
    }
    at += 1;
  }
  return { texts, cut: true };
}

/** A quoted text that begins at `from`; one that is not closed goes to the end. */
function quoted(source: string, from: number): { text: string; next: number; closed: boolean } {
  const quote = source.charAt(from);
  const parts: string[] = [];
  let plainFrom = from + 1;
  for (let i = from + 1; i < source.length; i++) {
    const c = source.charAt(i);
    if (c === quote) return { text: parts.join("") + source.slice(plainFrom, i), next: i + 1, closed: true };
    if (c !== "\\") continue;
    parts.push(source.slice(plainFrom, i));
    if (source.charAt(i + 1) === " ") i += 1;
    const escaped = source.charAt(i + 1);
    parts.push(ESCAPES[escaped] ?? escaped);
    i += 1;
    plainFrom = i + 1;
  }
  return { text: parts.join("") + source.slice(plainFrom), next: source.length, closed: false };
}
