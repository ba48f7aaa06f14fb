import { studySchema } from "@redline/shared";
import type { Document } from "yaml";
import type { z } from "zod";
import { hintFor } from "../did-you-mean.ts";
import { knownKeys } from "./known-keys.ts";
import type { Mistake } from "./mistake.ts";
import { pathText, shownValue, valueAt } from "./value.ts";
import { spanOfKey, spanOfValue } from "./yaml-span.ts";

type Issue = z.core.$ZodIssue;

/** What the schema finds wrong, in the words of a study file instead of zod's. */
export function schemaMistakes(doc: Document, value: unknown): Mistake[] {
  const parsed = studySchema.safeParse(value);
  return parsed.success ? [] : parsed.error.issues.flatMap((issue) => mistakesOf(doc, value, issue));
}

function mistakesOf(doc: Document, root: unknown, issue: Issue): Mistake[] {
  const { path } = issue;
  if (issue.code === "invalid_union") {
    const meant = meantAlternative(issue, valueAt(root, path));
    if (meant !== null)
      return meant.flatMap((inner) => mistakesOf(doc, root, { ...inner, path: [...path, ...inner.path] }));
  }
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({
      ...spanOfKey(doc, path, key),
      path: pathText([...path, key]),
      what: unknownKey(key, knownKeys(path, valueAt(root, path))),
    }));
  const span = issue.code === "invalid_key" ? spanOfKey(doc, path.slice(0, -1), path.at(-1) ?? "") : null;
  return [{ ...(span ?? spanOfValue(doc, path)), path: pathText(path), what: describe(issue, root) }];
}

type UnionIssue = Extract<Issue, { code: "invalid_union" }>;

/** What is wrong with the alternative of a union that is of the value's own kind: word or mapping; null where none is. */
function meantAlternative({ errors }: UnionIssue, value: unknown): readonly Issue[] | null {
  const isMapping = typeof value === "object" && value !== null && !Array.isArray(value);
  const ofItsKind = errors.find((issues) =>
    isMapping
      ? issues.every(({ code, path }) => path.length > 0 || code === "unrecognized_keys")
      : typeof value === "string" &&
        issues.some(({ code, path }) => path.length === 0 && code === "invalid_value"),
  );
  return ofItsKind ?? null;
}

function unknownKey(key: string, known: readonly string[]): string {
  if (key === "<<") return "merge keys (<<) are not read here; write the keys out";
  const hint = hintFor(key, known);
  return hint === "" ? `unknown key; known here: ${known.join(", ")}` : `unknown key${hint}`;
}

function describe(issue: Issue, root: unknown): string {
  const value = valueAt(root, issue.path);
  const missing = value === undefined || value === null;
  switch (issue.code) {
    case "invalid_type":
      return missing
        ? `is required; expected ${kindName(issue.expected)}`
        : `expected ${kindName(issue.expected)}, got ${shownValue(value)}${quoteHint(issue.expected, value)}`;
    case "invalid_value":
      return oneOf(value, issue.values.map(String));
    case "invalid_union":
      return "options" in issue && Array.isArray(issue.options)
        ? oneOf(value, issue.options.map(String))
        : `fits none of what is allowed here, got ${shownValue(value)}`;
    case "too_small":
      return amount(issue.origin, value, "at least", issue.minimum, "small");
    case "too_big":
      return amount(issue.origin, value, "at most", issue.maximum, "large");
    case "invalid_key":
      return `this name cannot be used; expected ${issue.issues[0]?.message ?? "another name"}`;
    case "invalid_format":
      return `expected ${issue.message}, got ${shownValue(value)}`;
    case "custom":
      // A message that names its remedy is a sentence of its own.
      return issue.message.includes(": ") ? issue.message : `expected ${issue.message}`;
    default:
      return issue.message;
  }
}

function oneOf(value: unknown, allowed: readonly string[]): string {
  const list = `one of: ${allowed.join(", ")}`;
  if (value === undefined || value === null) return `is required; expected ${list}`;
  const hint = typeof value === "string" ? hintFor(value, allowed) : "";
  return `${shownValue(value)} is not known here${hint === "" ? ";" : hint} expected ${list}`;
}

function amount(origin: string, value: unknown, bound: string, limit: number | bigint, how: string): string {
  if (origin === "array") return `expected ${bound} ${limit} ${limit === 1 ? "entry" : "entries"}`;
  if (origin === "string")
    return value === "" ? "must not be empty" : `is too long; expected ${bound} ${limit} characters`;
  return `${shownValue(value)} is too ${how}; expected ${bound} ${limit}`;
}

const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  object: "a mapping (key: value)",
  record: "a mapping (key: value)",
  array: "a list",
  boolean: "true or false",
};
const kindName = (expected: string) => KINDS[expected] ?? expected;

/** YAML's own trap: `name: 1` is a number, `time: "40"` is text. */
function quoteHint(expected: string, value: unknown): string {
  if (expected === "string" && ["number", "boolean"].includes(typeof value)) return "; put it in quotes";
  const looksNumeric = typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value));
  return ["number", "int"].includes(expected) && looksNumeric ? "; leave the quotes out" : "";
}
