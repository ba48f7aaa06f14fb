import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { tinyGguf, type TinyGgufOptions } from "./tiny-gguf.ts";

export interface WrittenFile {
  readonly path: string;
  /** Hex digest of the file. */
  readonly sha256: string;
  /** False where the same bytes already lay there. */
  readonly written: boolean;
}

/** The weights themselves, and what is nearly the same model. */
export interface WrittenWeights extends WrittenFile {
  readonly neighbours: readonly WrittenFile[];
}

/**
 * Writes `<specimenDir>/weights/tiny.gguf` and the near neighbour `neighbours/requantised.gguf` (the same weights, rounded as by
 * Q8_0). Throws file system errors.
 */
export async function writeWeights(specimenDir: string, options: TinyGgufOptions): Promise<WrittenWeights> {
  const neighbour = await writeWhole(
    path.join(specimenDir, "neighbours", "requantised.gguf"),
    tinyGguf({ ...options, name: "tiny-q8", rounded: true }),
  );
  const weights = await writeWhole(path.join(specimenDir, "weights", "tiny.gguf"), tinyGguf(options));
  return { ...weights, neighbours: [neighbour] };
}

/**
 * A whole file or none (written beside it, synced, renamed), so that a model server which maps the old file keeps reading
 * the old bytes.
 */
async function writeWhole(file: string, bytes: Buffer): Promise<WrittenFile> {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if ((await existing(file))?.equals(bytes) === true) return { path: file, sha256, written: false };
  await mkdir(path.dirname(file), { recursive: true });
  const draft = `${file}.${randomUUID()}.draft`;
  try {
    await using handle = await open(draft, "wx", 0o644);
    await handle.writeFile(bytes);
    await handle.sync();
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  return { path: file, sha256, written: true };
}

async function existing(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
