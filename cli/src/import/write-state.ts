import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { finished } from "node:stream/promises";
import { once } from "node:events";
import { terminalLine, type TrialId } from "@redline/shared";
import { CliError, EXIT } from "../exit-codes.ts";
import { journalPath } from "../source/state-folder.ts";
import type { ForeignLog } from "./foreign-log.ts";
import { ImportJournal } from "./import-journal.ts";
import type { ImportPlan } from "./import-plan.ts";

/** What one run came to, for people. */
export interface ImportedRun {
  readonly trial: TrialId;
  readonly name: string;
  readonly turns: number;
  readonly events: number;
  /** Shell commands of the agent. */
  readonly commands: number;
  readonly cut: string | null;
}

/**
 * Writes the journal into a fresh state folder `dir`, which appears whole or not at all: it is made beside it under
 * another name and renamed. @throws CliError when `dir` is there and holds something, or when a run cannot be read.
 */
export async function writeState(
  dir: string,
  log: ForeignLog,
  plan: ImportPlan,
  { now, version }: { readonly now: Date; readonly version: string },
): Promise<ImportedRun[]> {
  if ((await readdir(dir).catch(() => [])).length > 0) throw there(dir);
  await mkdir(dirname(dir), { recursive: true });
  const draft = await mkdtemp(join(dirname(dir), `.${basename(dir)}.`));
  try {
    const runs = await writeJournal(journalPath(draft), log, plan, now, version);
    await rename(draft, dir).catch((cause: unknown) => {
      throw there(dir, cause);
    });
    return runs;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function writeJournal(
  path: string,
  log: ForeignLog,
  plan: ImportPlan,
  now: Date,
  version: string,
): Promise<ImportedRun[]> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = createWriteStream(path, { mode: 0o600 });
  const done = finished(file);
  // Handled where it is awaited; a disk that is full must not end the process before that.
  done.catch(() => undefined);
  const runs: ImportedRun[] = [];
  const journal = new ImportJournal(plan, now.toISOString(), version, (line) => {
    file.write(`${line}\n`);
  });
  try {
    for await (const run of log.trials()) {
      const trial = journal.add(run);
      const name = log.names[runs.length] ?? "run";
      const actions = run.events.filter(({ event }) => event["event"] === "action");
      const commands = actions.filter(({ event }) => event["tool"] === "run_command").length;
      runs.push({ trial, name, turns: run.turns, events: run.events.length, commands, cut: run.cut });
      if (file.writableNeedDrain) await Promise.race([once(file, "drain"), done]);
    }
    journal.end();
  } catch (error) {
    file.destroy();
    throw error;
  }
  file.end();
  await done;
  const written = await open(path, "r");
  await written.sync();
  await written.close();
  return runs;
}

const there = (dir: string, cause?: unknown) =>
  new CliError(EXIT.usage, `${terminalLine(dir, 500)} is there already and is not empty`, {
    remedy: "name another folder with --out DIR; what was imported before is read with --state DIR",
    cause,
  });
