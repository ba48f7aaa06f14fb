import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { hashFile, type HashOptions } from "./hash-file.ts";
import { headerOf } from "./header-of.ts";
import type { HeldFile } from "./watch-protocol.ts";

/** What is in a held file now. `shards` is empty where it could not be read; `why` says that, or what else is to be known. */
export interface FileContent {
  readonly size: number;
  readonly links: number;
  readonly format: HeldFile["format"];
  readonly family: string;
  readonly mark: boolean;
  readonly shards: string[];
  readonly why: string;
}

/** The very file that is held, through the descriptor; null when the kernel refuses. The caller closes it. */
export const reopen = (file: HeldFile): Promise<FileHandle | null> =>
  open(`/proc/self/fd/${file.fd}`, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => null);

/** Digests and header of a held file. Every failure is in `why`. */
export async function readHeldFile(
  file: HeldFile,
  options: HashOptions & { readonly mark: string; readonly mostBytes: number },
): Promise<FileContent> {
  const handle = await reopen(file);
  const nothing = { format: file.format, family: "", mark: false, shards: [] };
  if (handle === null) return { ...nothing, size: 0, links: 0, why: "the kernel does not let it be read" };
  try {
    const { size, nlink, mtimeNs } = await handle.stat({ bigint: true });
    const base = { ...nothing, size: Number(size), links: Number(nlink) };
    if (base.size > options.mostBytes)
      return { ...base, why: "far larger than the original's weights: not read" };
    const header = await headerOf(handle, base.size, options);
    const hashed = await hashFile(handle, base.size, options);
    const notes = [
      ...(header.ok ? [] : [header.why]),
      ...(hashed.ok ? [] : [hashed.why]),
      ...(mtimeNs === file.modifiedNs ? [] : ["written to after it was first seen"]),
    ];
    const { family, mark, format } = header.ok ? header.value : base;
    return { ...base, format, family, mark, shards: hashed.ok ? hashed.shards : [], why: notes.join("; ") };
  } catch (error) {
    return { ...nothing, size: 0, links: 0, why: String(error).slice(0, 200) };
  } finally {
    await handle.close();
  }
}
