import { resolve } from "node:path";
import { parse } from "yaml";
import type { z } from "zod";
import { pricesSchema, recordedReplySchema, type RecordedReply } from "@redline/shared";
import type { Document } from "yaml";
import type { Mistake } from "./mistake.ts";
import { readTextFile } from "./read-text.ts";
import { entriesAt, pathText, valueAt } from "./value.ts";
import { spanOfValue } from "./yaml-span.ts";

/** Characters of all transcripts of a study together: they travel with its orders. */
const MOST_CHARACTERS = 120_000;

/** What a study file has in files beside it. */
export interface Companions {
  readonly prices: z.infer<typeof pricesSchema> | null;
  /** Answers by the name of their recorded brain. */
  readonly replies: Readonly<Record<string, readonly RecordedReply[]>>;
  readonly mistakes: readonly Mistake[];
}

/** Reads the price file and the transcripts that a study names, relative to the study file. */
export async function loadCompanions(doc: Document, root: unknown, base: string): Promise<Companions> {
  const mistakes: Mistake[] = [];
  const wrongAt = (path: readonly PropertyKey[]) => (what: string) =>
    mistakes.push({ ...spanOfValue(doc, path), path: pathText(path), what });

  let prices: Companions["prices"] = null;
  const priceFile = valueAt(root, ["prices"]);
  if (typeof priceFile === "string" && priceFile !== "")
    prices = await readPrices(resolve(base, priceFile), wrongAt(["prices"]));

  const replies: Record<string, readonly RecordedReply[]> = {};
  let characters = 0;
  for (const [brain] of entriesAt(root, ["brains"])) {
    const at = ["brains", brain, "transcript"];
    const file = valueAt(root, at);
    if (typeof file !== "string" || file === "") continue;
    const read = await readReplies(resolve(base, file), wrongAt(at));
    if (read === null) continue;
    replies[brain] = read;
    characters += JSON.stringify(read).length;
    if (characters > MOST_CHARACTERS)
      wrongAt(at)(
        `the transcripts of a study hold at most ${MOST_CHARACTERS} characters together; make a study of fewer`,
      );
  }
  return { prices, replies, mistakes };
}

async function readPrices(path: string, wrong: (what: string) => void): Promise<Companions["prices"]> {
  const read = await readTextFile(path);
  if (!read.ok) wrong(`prices ${path}: ${read.what}`);
  else
    try {
      const parsed = pricesSchema.safeParse(parse(read.text));
      if (parsed.success) return parsed.data;
      for (const issue of parsed.error.issues)
        wrong(`prices ${path}: ${issue.path.map(String).join(".")}: ${issue.message}`);
    } catch (error) {
      wrong(`prices ${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  return null;
}

/** One answer a line; empty lines are passed over. */
async function readReplies(path: string, wrong: (what: string) => void): Promise<RecordedReply[] | null> {
  const read = await readTextFile(path);
  if (!read.ok) {
    wrong(`transcript ${path}: ${read.what}`);
    return null;
  }
  const replies: RecordedReply[] = [];
  for (const [index, line] of read.text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const parsed = recordedReplySchema.safeParse(jsonOf(line));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      wrong(
        `transcript ${path}:${index + 1}: ${issue?.path.map(String).join(".") ?? ""} ${issue?.message ?? ""}; \`redline trial transcript TRIAL --replies\` writes such a file`,
      );
      return null;
    }
    replies.push(parsed.data);
  }
  if (replies.length > 0) return replies;
  wrong(`transcript ${path}: there is no answer in it`);
  return null;
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return "no JSON";
  }
}
