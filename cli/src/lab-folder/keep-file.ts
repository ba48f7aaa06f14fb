import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

const hasCode = (error: unknown, code: string) =>
  error instanceof Error && "code" in error && error.code === code;

/** Null when there is no such file. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null;
    throw error;
  }
}

/** Writes a file that is never written over: a secret that is there is in use somewhere. @returns what the file holds now */
export async function keepFile(path: string, text: string, mode: number): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    const file = await open(path, "wx", mode);
    try {
      await file.writeFile(text);
      // On disk before its public half is used anywhere.
      await file.sync();
    } finally {
      await file.close();
    }
    return text;
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    return readFile(path, "utf8");
  }
}

/** Writes a file anew, whole or not at all; for what holds no secret. */
export async function replaceFile(path: string, text: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = `${path}.${randomBytes(4).toString("hex")}`;
  await writeFile(fresh, text, { mode });
  await rename(fresh, path);
}
