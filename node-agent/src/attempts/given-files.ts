import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A file that shapes what the agent's model is told, by its digest. */
export interface GivenFile {
  /** Relative to the specimen's folder. */
  readonly path: string;
  readonly sha256: string;
}

/** Beside the agent program. */
const PROMPTS = "prompts";
/** A record's list holds no more. */
const MOST_FILES = 60;

/** The agent program first, then every file of its prompts, sorted. */
export async function givenFiles(folder: string, agent: string): Promise<GivenFile[]> {
  const paths = [agent, ...(await filesBelow(folder, join(dirname(agent), PROMPTS))).toSorted()];
  return Promise.all(
    paths.slice(0, MOST_FILES).map(async (path) => ({
      path,
      sha256: createHash("sha256")
        .update(await readFile(join(folder, path)))
        .digest("hex"),
    })),
  );
}

async function filesBelow(folder: string, below: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(folder, below), { withFileTypes: true }).catch(() => [])) {
    const path = join(below, entry.name);
    if (entry.isDirectory()) found.push(...(await filesBelow(folder, path)));
    else if (entry.isFile()) found.push(path);
  }
  return found;
}
