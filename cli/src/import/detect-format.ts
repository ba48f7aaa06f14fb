import { badFile } from "./bad-file.ts";
import type { Format } from "./foreign-log.ts";
import type { SourceFile } from "./source-file.ts";

/** How a file begins: a zip, JSON, or text. JSON says by its keys whose it is. */
export type Kind = "zip" | "json" | "text";

const ROUND = /Round\s+\d+\s*:/;
/** Files that people have and that must be turned into another form first. */
const OTHERS: readonly { readonly magic: string; readonly what: string; readonly remedy: string }[] = [
  { magic: "%PDF", what: "it is a PDF", remedy: "pdftotext -layout FILE.pdf FILE.txt, and import that" },
  { magic: "\u001f\u008b", what: "it is compressed (gzip)", remedy: "gunzip it first" },
  { magic: "(\u00b5/\u00fd", what: "it is compressed (zstd)", remedy: "unpack it with zstd -d first" },
];

/** @throws CliError for a file of no known kind. */
export function kindOf({ head, name }: SourceFile): Kind {
  const bytes = head.toString("latin1");
  if (bytes.startsWith("PK\u0003\u0004") || bytes.startsWith("PK\u0005\u0006")) return "zip";
  for (const { magic, what, remedy } of OTHERS)
    if (bytes.startsWith(magic)) throw badFile(name, what, remedy);
  if (bytes.includes("\u0000"))
    throw badFile(
      name,
      "it is binary",
      "give an Inspect log, a SWE-agent .traj or the text of a paper's log",
    );
  return /^(?:\u00ef\u00bb\u00bf)?\s*\{/.test(bytes) ? "json" : "text";
}

/** Whose JSON it is, by the keys that each program always writes. */
export function formatOfJson(value: unknown): Format | null {
  if (typeof value !== "object" || value === null) return null;
  if ("eval" in value && "version" in value) return "inspect";
  return "trajectory" in value || "history" in value ? "swe-agent" : null;
}

export const looksLikePaperLog = (text: string): boolean => ROUND.test(text);
