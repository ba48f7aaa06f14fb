import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readFile, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { terminalLine } from "@redline/shared";
import { badFile } from "./bad-file.ts";

/** Largest file that is read as one text. */
const MAX_TEXT_BYTES = 268_435_456;
const HEAD_BYTES = 65_536;

/** The file to import. */
export interface SourceFile {
  readonly path: string;
  /** Name without its folder, safe to show. */
  readonly name: string;
  readonly size: number;
  /** Its first 64 KiB. */
  readonly head: Buffer;
}

/** @throws CliError for what is no readable file. */
export async function openSource(file: string, cwd: string): Promise<SourceFile> {
  const path = resolve(cwd, file);
  const info = await stat(path).catch((cause: unknown) => {
    throw badFile(file, "it cannot be read", "name a file that exists and that you may read", cause);
  });
  if (!info.isFile())
    throw badFile(
      file,
      "it is no file",
      "name one trajectory file; for a folder import its files one by one",
    );
  if (info.size === 0) throw badFile(file, "it is empty", "give the file as the other program wrote it");
  const handle = await open(path, "r").catch((cause: unknown) => {
    throw badFile(file, "it cannot be read", "name a file that you may read", cause);
  });
  try {
    const head = Buffer.alloc(Math.min(HEAD_BYTES, info.size));
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    const name = terminalLine(basename(path), 80);
    return { path, name, size: info.size, head: head.subarray(0, bytesRead) };
  } finally {
    await handle.close();
  }
}

/** sha256 of all its bytes, hex. */
export async function digestOf({ path }: SourceFile): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1_048_576 })) {
    if (Buffer.isBuffer(chunk)) hash.update(chunk);
  }
  return hash.digest("hex");
}

/** The whole file as text. @throws CliError for one that is too large or is not text. */
export async function readText({ path, name, size }: SourceFile, remedy: string): Promise<string> {
  if (size > MAX_TEXT_BYTES)
    throw badFile(name, `it has ${size} bytes, and at most ${MAX_TEXT_BYTES} are read as one text`, remedy);
  const text = await readFile(path, "utf8");
  if (text.includes("\u0000"))
    throw badFile(name, "it is binary", "give a text file, or an .eval as Inspect wrote it");
  return text;
}
