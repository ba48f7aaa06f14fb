import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

export interface FolderEntry {
  /** Hostile text. */
  readonly path: string;
  readonly uid: number;
  readonly inode: string;
}

export interface FolderEntries {
  readonly entries: readonly FolderEntry[];
  /** Folders that are there and could not be read to their end. */
  readonly unreadable: readonly string[];
}

const MOST_ENTRIES = 5000;

/** What stands directly in these folders, with its owner. Folders that do not exist hold nothing. Synchronous. */
export function listFolders(folders: readonly string[]): FolderEntries {
  const entries: FolderEntry[] = [];
  const unreadable: string[] = [];
  for (const folder of folders) {
    let names: string[] = [];
    try {
      names = readdirSync(folder);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) unreadable.push(folder);
    }
    if (names.length > MOST_ENTRIES) unreadable.push(`${folder}: too many files`);
    for (const name of names.slice(0, MOST_ENTRIES)) {
      const path = join(folder, name);
      try {
        const about = lstatSync(path, { bigint: true });
        entries.push({ path, uid: Number(about.uid), inode: String(about.ino) });
      } catch {
        // Gone in between.
      }
    }
  }
  return { entries, unreadable };
}
