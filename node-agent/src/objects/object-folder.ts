import { mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  ATTEMPT_OBJECTS_BYTES,
  NODE_OBJECTS_BYTES,
  OBJECT_MAX_BYTES,
  objectDigest,
  sha256HexSchema,
  trialIdSchema,
  type AttemptKey,
  type ObjectRef,
  type TrialId,
} from "@redline/shared";

/** An object that is on this node's disk. */
export interface StoredObject {
  readonly trial: TrialId;
  readonly attempt: number;
  readonly sha256: string;
}

/** What came of putting an object away; `not`: why it was not. */
export type PutResult = { readonly ref: ObjectRef } | { readonly not: string };

interface Live {
  bytes: number;
  readonly known: Map<string, Promise<void>>;
}

/**
 * Large content of attempts on the node's own disk, named by its sha256: `<dir>/<trial>.<attempt>/<sha256>`. It stays until the
 * coordinator has it. Bounded by object, by attempt and over all; what is over a bound is refused with the reason, for the record.
 */
export class ObjectFolder {
  readonly #dir: string;
  readonly #live = new Map<string, Live>();
  readonly #limit: number;
  readonly #totalLimit: number;
  /** Bytes by place, of all that is on disk once it was counted. */
  readonly #sizes = new Map<string, number>();
  #total = 0;
  #counted: Promise<void> | null = null;
  /** Hears of each object once it is on disk. */
  onStored: (object: StoredObject) => void = () => undefined;

  constructor(dir: string, attemptBytes = ATTEMPT_OBJECTS_BYTES, totalBytes = NODE_OBJECTS_BYTES) {
    this.#dir = dir;
    this.#limit = attemptBytes;
    this.#totalLimit = totalBytes;
  }

  /** Resolves when the bytes are on disk. A disk that refuses them is a reason as well: objects decide nothing. */
  async put(key: Pick<AttemptKey, "trial" | "attempt">, content: Uint8Array | string): Promise<PutResult> {
    const bytes = Buffer.from(content);
    if (bytes.length > OBJECT_MAX_BYTES)
      return { not: `${bytes.length} bytes, and an object has at most ${OBJECT_MAX_BYTES}` };
    this.#counted ??= this.#count();
    await this.#counted;
    const name = nameOf(key);
    const live = this.#live.get(name) ?? { bytes: 0, known: new Map<string, Promise<void>>() };
    this.#live.set(name, live);
    const sha256 = objectDigest(bytes);
    const ref = { sha256, bytes: bytes.length };
    try {
      const known = live.known.get(sha256);
      if (known !== undefined) {
        await known;
        return { ref };
      }
      if (live.bytes + bytes.length > this.#limit)
        return { not: `the attempt's objects are over ${this.#limit} bytes` };
      const place = join(name, sha256);
      const more = bytes.length - (this.#sizes.get(place) ?? 0);
      if (this.#total + more > this.#totalLimit)
        return {
          not: `objects that wait for the coordinator are over ${this.#totalLimit} bytes on this node`,
        };
      live.bytes += bytes.length;
      this.#note(place, bytes.length);
      const stored = this.#store(name, sha256, bytes);
      live.known.set(sha256, stored);
      await stored;
    } catch (error) {
      live.known.delete(sha256);
      this.#note(join(name, sha256), 0);
      return { not: `it could not be written: ${error instanceof Error ? error.message : ""}`.slice(0, 200) };
    }
    this.onStored({ trial: key.trial, attempt: key.attempt, sha256 });
    return { ref };
  }

  /** The attempt is over: nothing more of it is put away. */
  forget(key: Pick<AttemptKey, "trial" | "attempt">): void {
    this.#live.delete(nameOf(key));
  }

  /** Everything on disk, of earlier daemons too, and drafts of theirs removed. */
  async all(): Promise<StoredObject[]> {
    const found: StoredObject[] = [];
    for (const folder of await readdir(this.#dir).catch(() => [])) {
      const [, trial = "", number = ""] = /^([a-z0-9-]+)\.(\d{1,4})$/.exec(folder) ?? [];
      const id = trialIdSchema.safeParse(trial);
      if (!id.success) continue;
      for (const file of await readdir(join(this.#dir, folder)).catch(() => []))
        if (sha256HexSchema.safeParse(file).success)
          found.push({ trial: id.data, attempt: Number(number), sha256: file });
        else if (!this.#live.has(folder)) await rm(join(this.#dir, folder, file), { force: true });
    }
    return found;
  }

  /** Null where it is gone, or is not what its name says. */
  async read(object: StoredObject): Promise<Buffer | null> {
    try {
      const path = this.#path(object);
      if ((await stat(path)).size > OBJECT_MAX_BYTES) return null;
      const bytes = await readFile(path);
      return objectDigest(bytes) === object.sha256 ? bytes : null;
    } catch {
      return null;
    }
  }

  async remove(object: StoredObject): Promise<void> {
    await rm(this.#path(object), { force: true });
    this.#note(join(nameOf(object), object.sha256), 0);
    const name = nameOf(object);
    // Not empty while the attempt has others.
    if (!this.#live.has(name)) await rmdir(join(this.#dir, name)).catch(() => undefined);
  }

  #path(object: StoredObject): string {
    return join(this.#dir, nameOf(object), object.sha256);
  }

  /** What earlier daemons left counts as well. */
  async #count(): Promise<void> {
    for (const object of await this.all()) {
      const size = (await stat(this.#path(object)).catch(() => null))?.size ?? 0;
      this.#note(join(nameOf(object), object.sha256), size);
    }
  }

  #note(place: string, bytes: number): void {
    this.#total += bytes - (this.#sizes.get(place) ?? 0);
    if (bytes === 0) this.#sizes.delete(place);
    else this.#sizes.set(place, bytes);
  }

  /** Whole under its name, or not there. */
  async #store(name: string, sha256: string, bytes: Buffer): Promise<void> {
    const folder = join(this.#dir, name);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const draft = join(folder, `${sha256}.new`);
    const file = await open(draft, "w", 0o600);
    try {
      await file.writeFile(bytes);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(draft, join(folder, sha256));
  }
}

const nameOf = ({ trial, attempt }: Pick<AttemptKey, "trial" | "attempt">) => `${trial}.${attempt}`;
