import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  objectDigest,
  OBJECT_MAX_BYTES,
  sha256HexSchema,
  studyIdSchema,
  type NoPerson,
  type StudyId,
} from "@redline/shared";

/** `who` of the removal that a study's own file orders. */
export const BY_RETENTION = "retention" satisfies NoPerson;

export interface HeldObject {
  readonly sha256: string;
  readonly bytes: number;
}

/** Objects of studies on the coordinator's disk: `<dir>/<study>/<sha256>`, each whole and what its name says when it was written. */
export class ObjectsFolder {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Resolves when it is on disk. @returns false where the bytes are not what the name says; nothing is written then. */
  async put(study: StudyId, sha256: string, bytes: Uint8Array): Promise<boolean> {
    if (bytes.length > OBJECT_MAX_BYTES || objectDigest(bytes) !== sha256) return false;
    const path = this.#path(study, sha256);
    await mkdir(join(this.#dir, study), { recursive: true, mode: 0o700 });
    const file = await open(`${path}.new`, "w", 0o600);
    try {
      await file.writeFile(bytes);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
    return true;
  }

  /** Writes a piece of an object that comes in pieces; with the last one its digest is checked. `have`: bytes that are there now. */
  async putPiece(
    study: StudyId,
    sha256: string,
    piece: { readonly offset: number; readonly bytes: Uint8Array; readonly last: boolean },
  ): Promise<{ readonly have: number; readonly done: boolean; readonly whole: boolean }> {
    const path = `${this.#path(study, sha256)}.part`;
    await mkdir(join(this.#dir, study), { recursive: true, mode: 0o700 });
    if (piece.offset === 0) await rm(path, { force: true });
    const have = (await stat(path).catch(() => null))?.size ?? 0;
    const after = have + piece.bytes.length;
    if (have !== piece.offset) return { have, done: false, whole: true };
    if (after > OBJECT_MAX_BYTES) return { have, done: false, whole: false };
    const file = await open(path, "a", 0o600);
    try {
      await file.writeFile(piece.bytes);
    } finally {
      await file.close();
    }
    if (!piece.last) return { have: after, done: false, whole: true };
    const bytes = await readFile(path);
    await rm(path, { force: true });
    const whole = await this.put(study, sha256, bytes);
    return { have: after, done: whole, whole };
  }

  async has(study: StudyId, sha256: string): Promise<boolean> {
    return (await stat(this.#path(study, sha256)).catch(() => null)) !== null;
  }

  /** Null where it is not there. A reader checks the digest: a disk may have changed it since. */
  async read(study: StudyId, sha256: string): Promise<Buffer | null> {
    return readFile(this.#path(study, sha256)).catch(() => null);
  }

  async list(study: StudyId): Promise<HeldObject[]> {
    const names = (await readdir(join(this.#dir, study)).catch(() => [])).filter(
      (name) => sha256HexSchema.safeParse(name).success,
    );
    const found: HeldObject[] = [];
    // In turn: a study may have hundreds of thousands.
    for (const sha256 of names.toSorted()) {
      const held = await stat(this.#path(study, sha256)).catch(() => null);
      if (held !== null) found.push({ sha256, bytes: held.size });
    }
    return found;
  }

  /** Digests of every study, for a start. */
  async names(): Promise<Map<string, ReadonlySet<string>>> {
    const found = new Map<string, ReadonlySet<string>>();
    for (const study of await readdir(this.#dir).catch(() => []))
      if (studyIdSchema.safeParse(study).success)
        found.set(study, new Set(await readdir(join(this.#dir, study)).catch(() => [])));
    return found;
  }

  /** Removes all objects of a study. @returns what there was. */
  async removeStudy(study: StudyId): Promise<{ readonly count: number; readonly bytes: number }> {
    const held = await this.list(study);
    await rm(join(this.#dir, study), { recursive: true, force: true });
    return { count: held.length, bytes: held.reduce((sum, { bytes }) => sum + bytes, 0) };
  }

  #path(study: StudyId, sha256: string): string {
    return join(this.#dir, study, sha256);
  }
}
