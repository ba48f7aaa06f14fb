import { z } from "zod";
import { builtScript } from "../../observe/probe/built-script.ts";
import { runInNetns, type NetnsTools } from "../../observe/probe/run-in-netns.ts";
import type { AskSelf } from "./self-brain.ts";

/** Bytes of an answer's body that are read: a prober's limit would cut every longer thought. */
export const ANSWER_BYTES = 1024 * 1024;
/** A body of one byte can become six characters of JSON. */
const MOST_CHARS = ANSWER_BYTES * 6 + 4096;
/** Start of the child and its line. */
const GRACE_MS = 5000;

const childAnswer = z.strictObject({ status: z.number(), answer: z.string(), error: z.string() });

/**
 * The way to the original's model server: each question by a child in the cell's network namespace, ended with the cell.
 * @param cell where the server listens, and a process of the cell's (its init) with its network namespace's inode.
 */
export function askInCell(cell: {
  readonly tools: NetnsTools;
  readonly netnsPid: number;
  readonly netns: string;
  readonly address: string;
  readonly port: number;
}): AskSelf {
  const { tools, netnsPid, netns, address, port } = cell;
  return async (path, json, timeoutMs, signal) => {
    const run = await runInNetns({
      ...{ tools, netnsPid, netns, signal },
      script: builtScript(import.meta.url, "ask-child.js"),
      stdin: JSON.stringify({ address, port, path, json, timeoutMs, answerBytes: ANSWER_BYTES }),
      limitMs: timeoutMs + GRACE_MS,
      maxOutputChars: MOST_CHARS,
    });
    if (!run.ok) throw new Error(run.why);
    return childAnswer.parse(JSON.parse(run.stdout));
  };
}
