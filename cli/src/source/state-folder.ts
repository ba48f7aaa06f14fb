import { mkdir, readdir, readFile, realpath, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { z } from "zod";

/** Folder in the current folder under which runs leave their state. */
export const RUNS = ".redline";
const LATEST = "latest";

export const journalPath = (stateDir: string) => join(stateDir, "coordinator", "journal.jsonl");

/** The newest state folder below `cwd`: what `latest` names, else the one whose journal changed last; null without any. */
export async function latestStateDir(cwd: string): Promise<string | null> {
  const runs = join(cwd, RUNS);
  const named = await realpath(join(runs, LATEST)).catch(() => null);
  if (named !== null) return named;
  const entries = await readdir(runs).catch(() => []);
  const dated = await Promise.all(
    entries.map(async (name) => ({
      dir: join(runs, name),
      changed: (await stat(journalPath(join(runs, name))).catch(() => null))?.mtimeMs ?? 0,
    })),
  );
  return dated.filter((d) => d.changed > 0).toSorted((a, b) => b.changed - a.changed)[0]?.dir ?? null;
}

/** A fresh state folder `<name>-<time>` below `cwd`, named by `latest` from then on. */
export async function newStateDir(cwd: string, name: string, now: Date): Promise<string> {
  const runs = join(cwd, RUNS);
  await mkdir(runs, { recursive: true });
  const time = now.toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
  for (let n = 1; ; n++) {
    const dir = join(runs, `${name}-${time}${n === 1 ? "" : `-${n}`}`);
    try {
      await mkdir(dir);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EEXIST" && n < 100) continue;
      throw error;
    }
    await pointLatest(runs, dir);
    return dir;
  }
}

/** Replaced in one step, so that a reader never finds it missing. */
async function pointLatest(runs: string, dir: string): Promise<void> {
  const draft = join(runs, `.${LATEST}.${process.pid}`);
  await rm(draft, { force: true });
  await symlink(basename(dir), draft);
  await rename(draft, join(runs, LATEST)).catch(() => rm(draft, { force: true }));
}

const labFileSchema = z.object({ v: z.literal(1), socketPath: z.string(), pid: z.int() });
const labFile = (stateDir: string) => join(stateDir, "lab.json");

/** Leaves word of a running lab for other commands (`stop --all`, `node list`). */
export async function noteLab(stateDir: string, socketPath: string): Promise<void> {
  await writeFile(labFile(stateDir), `${JSON.stringify({ v: 1, socketPath, pid: process.pid })}\n`, {
    mode: 0o600,
  });
}
/** Leaves the word of another process, whose lab came up since. */
export async function forgetLab(stateDir: string): Promise<void> {
  const noted = await readLabFile(stateDir);
  if (noted === null || noted.pid === process.pid) await rm(labFile(stateDir), { force: true });
}
/** Socket of the lab that runs on a state folder, or null. The lab may have ended since. */
export async function runningLab(stateDir: string): Promise<string | null> {
  return (await readLabFile(resolve(stateDir)))?.socketPath ?? null;
}

async function readLabFile(stateDir: string): Promise<z.infer<typeof labFileSchema> | null> {
  try {
    return labFileSchema.parse(JSON.parse(await readFile(labFile(stateDir), "utf8")));
  } catch {
    return null;
  }
}
