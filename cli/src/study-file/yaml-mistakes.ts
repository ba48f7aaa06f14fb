import { LineCounter, parseDocument, visit, type Document, type YAMLError } from "yaml";
import type { Mistake } from "./mistake.ts";

/** References (`*name`) beyond this are taken for an attack. */
const MAX_ALIASES = 50;

export interface ParsedYaml {
  readonly doc: Document;
  readonly counter: LineCounter;
  readonly value: unknown;
  readonly mistakes: Mistake[];
  /** False where the text is so broken that nothing can be said about its content. */
  readonly readable: boolean;
}

export function parseYaml(text: string): ParsedYaml {
  const counter = new LineCounter();
  const doc = parseDocument(text, { lineCounter: counter, prettyErrors: false, logLevel: "error" });
  const mistakes = [...doc.errors, ...doc.warnings].map(toMistake);
  const readable = doc.errors.every((error) => error.code === "DUPLICATE_KEY");
  if (doc.directives.yaml.version === "1.1")
    mistakes.push({
      offset: 0,
      length: 1,
      path: "",
      what: "is YAML 1.1; expected YAML 1.2 (leave %YAML out)",
    });
  if (!readable) return { doc, counter, value: undefined, mistakes, readable };
  try {
    return { doc, counter, value: doc.toJS({ maxAliasCount: MAX_ALIASES }), mistakes, readable };
  } catch (error) {
    return {
      doc,
      counter,
      value: undefined,
      mistakes: [...mistakes, aliasMistake(doc, error)],
      readable: false,
    };
  }
}

/** The library gives no place for these. */
function aliasMistake(doc: Document, error: unknown): Mistake {
  const message = error instanceof Error ? error.message : String(error);
  const unresolved = /^Unresolved alias.*: (.+)$/.exec(message)?.[1];
  let offset = 0;
  let length = 1;
  visit(doc, {
    Alias(_, alias) {
      if (unresolved !== undefined && alias.source !== unresolved) return undefined;
      offset = alias.range?.[0] ?? 0;
      length = (alias.range?.[1] ?? 1) - offset;
      return visit.BREAK;
    },
  });
  const what =
    unresolved === undefined
      ? `too many references; expected at most ${MAX_ALIASES}`
      : `nothing is named &${unresolved} before this; expected an anchor`;
  return { offset, length, path: "", what };
}

const WORDS: Readonly<Partial<Record<YAMLError["code"], string>>> = {
  DUPLICATE_KEY: "this key is given twice; expected each key once",
  TAB_AS_INDENT: "tabs cannot indent in YAML; expected spaces",
  MULTIPLE_DOCS: "a second document begins here; expected one study in a file",
  TAG_RESOLVE_FAILED: "unknown YAML tag; expected plain values",
  BLOCK_AS_IMPLICIT_KEY:
    "a mapping inside a line; expected the key and its value on one line, or quotes round text with a colon",
};

function toMistake(error: YAMLError): Mistake {
  const [offset, end] = error.pos;
  return {
    offset,
    length: Math.max(1, end - offset),
    path: "",
    what: WORDS[error.code] ?? `not valid YAML: ${error.message}`,
  };
}
