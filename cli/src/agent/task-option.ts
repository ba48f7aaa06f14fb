import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { CliError, EXIT } from "../exit-codes.ts";

const MOST_CHARACTERS = 8000;

/**
 * The text that the agent is given, by one of two options; empty where neither is there.
 * @throws CliError where both are, or the file cannot be used.
 */
export async function readTask(
  cwd: string,
  { command, taskFile }: { readonly command?: string | undefined; readonly taskFile?: string | undefined },
): Promise<string> {
  if (command !== undefined && taskFile !== undefined)
    throw new CliError(EXIT.usage, "give --command or --task-file, not both");
  const text = command ?? (taskFile === undefined ? "" : await readTaskFile(resolve(cwd, taskFile)));
  if (text.length > MOST_CHARACTERS)
    throw new CliError(EXIT.usage, `a task has at most ${MOST_CHARACTERS} characters`);
  return text.trim();
}

async function readTaskFile(path: string): Promise<string> {
  const facts = await stat(path).catch(() => null);
  if (facts?.isFile() !== true) throw new CliError(EXIT.usage, `${path} is no file`);
  if (facts.size > 4 * MOST_CHARACTERS)
    throw new CliError(EXIT.usage, `${path}: a task has at most ${MOST_CHARACTERS} characters`);
  return readFile(path, "utf8");
}
