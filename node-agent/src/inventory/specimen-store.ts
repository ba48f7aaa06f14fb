import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { readSpecimenFolder } from "@redline/daemon";
import type { Specimen } from "@redline/shared";

export interface StoredSpecimen {
  /** Folder name, by which orders ask for it. */
  readonly name: string;
  readonly dir: string;
  readonly sha256: string;
  readonly specimen: Specimen;
}

/** The specimens that lie on this node, with the digest of each folder. */
export class SpecimenStore {
  readonly #dirs: readonly string[];
  #known: readonly StoredSpecimen[] = [];

  /** @param dirs folders whose sub-folders are specimens. */
  constructor(dirs: readonly string[]) {
    this.#dirs = dirs;
  }

  list(): readonly StoredSpecimen[] {
    return this.#known;
  }

  find(name: string, sha256: string): StoredSpecimen | null {
    return this.#known.find((s) => s.sha256 === sha256 && s.name === name) ?? null;
  }

  /** Reads all folders again. Unusable ones are named to `onProblem` and left out. */
  async refresh(onProblem: (text: string) => void): Promise<void> {
    const found: StoredSpecimen[] = [];
    for (const parent of this.#dirs) {
      const entries = await readdir(parent, { withFileTypes: true }).catch((error: unknown) => {
        onProblem(`${parent}: ${error instanceof Error ? error.message : String(error)}`);
        return [];
      });
      for (const entry of entries.filter((e) => e.isDirectory())) {
        const dir = join(parent, entry.name);
        const read = await readSpecimenFolder(dir);
        if (read.ok) found.push({ name: basename(dir), dir, sha256: read.sha256, specimen: read.specimen });
        else onProblem(`${dir}: ${read.problems.join("; ")}`);
      }
    }
    this.#known = found;
  }
}
