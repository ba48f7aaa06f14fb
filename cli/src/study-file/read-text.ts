import { isUtf8 } from "node:buffer";
import { lstat, readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { didYouMean } from "../did-you-mean.ts";

const MAX_BYTES = 1_048_576;

export type FileText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly line: number; readonly what: string };

/** Text of a file that a person wrote; refuses what is too large, no regular file or not UTF-8. */
export async function readTextFile(path: string): Promise<FileText> {
  const fail = (what: string, line = 1) => ({ ok: false as const, line, what });
  let bytes: Buffer;
  try {
    const facts = await stat(path);
    if (facts.isDirectory()) return fail("is a folder; expected a YAML file");
    if (!facts.isFile()) return fail("is no regular file; expected a YAML file");
    if (facts.size > MAX_BYTES)
      return fail(`is ${facts.size} bytes long; a study file has at most ${MAX_BYTES}`);
    bytes = await readFile(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "ENOENT" && code !== "ENOTDIR")
      return fail(`cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    const link = await lstat(path).catch(() => null);
    return fail(link === null ? `no such file${await neighbour(path)}` : "is a link to nothing");
  }
  if (isUtf8(bytes)) return { ok: true, text: new TextDecoder("utf-8").decode(bytes) };
  let line = 1;
  // A newline is never part of a longer UTF-8 character: the first bad line can be found line by line.
  for (let from = 0; from < bytes.length; line++) {
    const newline = bytes.indexOf(0x0a, from);
    const end = newline === -1 ? bytes.length : newline + 1;
    if (!isUtf8(bytes.subarray(from, end))) break;
    from = end;
  }
  return fail("is not UTF-8 text; save the file as UTF-8", line);
}

/** Compares without the extension: it would make all names alike. */
async function neighbour(path: string): Promise<string> {
  const names = (await readdir(dirname(path)).catch(() => [])).filter((name) => /\.ya?ml$/.test(name));
  const stem = (name: string) => basename(name).replace(/\.[^.]*$/, "");
  const meant = didYouMean(stem(path), names.map(stem));
  const found = names.find((name) => stem(name) === meant);
  return found === undefined ? "" : `, did you mean "${found}"?`;
}
