import { z } from "zod";
import { readJournalLines } from "@redline/daemon";
import { ChainVerifier } from "@redline/shared";

const keySchema = z.object({ trial: z.string(), attempt: z.int() });
const lineSchema = z.object({
  body: z.object({
    kind: z.string(),
    key: keySchema.optional(),
    trial: z.string().optional(),
    retry: z.boolean().optional(),
  }),
});

export interface JournalCounts {
  readonly records: number;
  readonly done: number;
  readonly attempts: number;
  /** What must not be; the first of many. */
  readonly problems: readonly string[];
}

const MOST_PROBLEMS = 20;

/**
 * Reads a coordinator's journal for what must hold however many faults there were: its chain is whole; each of `trials` is done once,
 * and by its newest attempt; none has two attempts at once.
 */
export async function checkJournal(path: string, trials: Iterable<string>): Promise<JournalCounts> {
  const chain = new ChainVerifier();
  const open = new Map<string, number>();
  const done = new Set<string>();
  const problems: string[] = [];
  let [records, attempts] = [0, 0];
  const problem = (text: string) => {
    if (problems.length < MOST_PROBLEMS) problems.push(text);
  };
  await readJournalLines(path, (line, number) => {
    records = number;
    const link = chain.take(line);
    if (!link.ok) problem(`line ${link.line}: ${link.why}`);
    const { body } = lineSchema.parse(JSON.parse(line));
    const { key } = body;
    if (body.kind === "placed" && key !== undefined) {
      attempts += 1;
      const other = open.get(key.trial);
      if (other !== undefined)
        problem(`${key.trial}: attempt ${key.attempt} was placed while ${other} was under way`);
      if (done.has(key.trial)) problem(`${key.trial}: attempt ${key.attempt} was placed after a verdict`);
      open.set(key.trial, key.attempt);
    }
    if (body.kind === "adjudicated" && key !== undefined) {
      if (done.has(key.trial)) problem(`${key.trial} was judged twice`);
      if (open.get(key.trial) !== key.attempt)
        problem(`${key.trial}: attempt ${key.attempt} was judged and was not under way`);
      done.add(key.trial);
      open.delete(key.trial);
    }
    if (body.kind === "invalid" && key !== undefined && open.get(key.trial) === key.attempt)
      open.delete(key.trial);
  });
  for (const trial of trials) if (!done.has(trial)) problem(`${trial} was never done`);
  for (const [trial, attempt] of open) problem(`${trial}: attempt ${attempt} never ended`);
  return { records, done: done.size, attempts, problems };
}
