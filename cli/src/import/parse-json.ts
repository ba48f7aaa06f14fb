import { terminalLine } from "@redline/shared";
import { badFile } from "./bad-file.ts";

/**
 * JSON of a foreign log. NaN and infinities, which Python writes bare, become null.
 * @throws CliError saying what is wrong with it.
 */
export function parseJson(text: string, file: string): unknown {
  const body = text.startsWith("\ufeff") ? text.slice(1) : text;
  try {
    return JSON.parse(body);
  } catch (first) {
    try {
      return JSON.parse(withoutPythonNumbers(body));
    } catch (cause) {
      const why = terminalLine(cause instanceof Error ? cause.message : String(cause), 200);
      const whole = /[}\]]\s*$/.test(body.slice(-1000));
      throw badFile(
        file,
        whole ? `it is not JSON: ${why}` : `its JSON is not whole, it stops after ${text.length} characters`,
        whole
          ? "give the file as the other program wrote it"
          : "copy the file again, or wait until its writer is done",
        first,
      );
    }
  }
}

/** Outside of strings only, in one pass. */
function withoutPythonNumbers(text: string): string {
  const parts: string[] = [];
  let at = 0;
  // Ends at the end of the text: each turn goes past one string, or is the last.
  while (at < text.length) {
    const quote = text.indexOf('"', at);
    const between = quote === -1 ? text.slice(at) : text.slice(at, quote);
    parts.push(between.replace(/-?\b(?:Infinity|NaN)\b/g, "null"));
    if (quote === -1) break;
    const end = endOfString(text, quote + 1);
    parts.push(text.slice(quote, end));
    at = end;
  }
  return parts.join("");
}

/** Index after the closing quote of a string whose content begins at `from`. */
function endOfString(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === '"') return i + 1;
    if (c === "\\") i += 1;
  }
  return text.length;
}
