import { z } from "zod";
import { askProber } from "../../observe/probe/ask-prober.ts";
import type { CellNetwork, NetnsTools } from "../../observe/probe/start-in-netns.ts";
import type { AskSelf } from "./self-brain.ts";

/** Bytes of an answer's body that are read: a prober's limit would cut every longer thought. */
export const ANSWER_BYTES = 1024 * 1024;
/** A body of one byte can become six characters of JSON. */
const MOST_CHARS = ANSWER_BYTES * 6 + 4096;
/** Start of the child and its line. */
const GRACE_MS = 5000;

const childAnswer = z.strictObject({ status: z.number(), answer: z.string(), error: z.string() });

/**
 * The way to the original's model server: each question by the prober in the cell's network namespace, which ends with the cell.
 * @param cell where the server listens, and a process of the cell's (its init) with its network namespace's inode.
 */
export function askInCell(
  cell: CellNetwork & { readonly tools: NetnsTools; readonly address: string; readonly port: number },
): AskSelf {
  const { address, port } = cell;
  return async (path, json, timeoutMs, signal) => {
    const plan = { address, port, path, json, timeoutMs, answerBytes: ANSWER_BYTES };
    const limits = { limitMs: timeoutMs + GRACE_MS, maxOutputChars: MOST_CHARS, signal };
    const run = await askProber(cell, { do: "self", plan }, limits);
    if (!run.ok) throw new Error(run.why);
    return childAnswer.parse(run.results[0]);
  };
}
