import { readFileSync, rmSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import type { Logger } from "@redline/daemon";
import { z } from "zod";
import type { NodeLog } from "../journal/node-log.ts";

const fileSchema = z.object({ v: z.literal(1), why: z.string().min(1).max(300) });

export interface QuarantineOptions {
  /** `<stateDir>/quarantine.json`. */
  readonly path: string;
  /** The kill file, which a clearing takes away. */
  readonly killPath: string;
  readonly log: NodeLog;
  readonly logger: Logger;
}

/**
 * Whether this node takes work. On disk, so that a restart lifts nothing; only `clear` does. Fails closed: a file that cannot be
 * read is a quarantine, and one that cannot be written still holds for the life of this daemon.
 */
export class Quarantine {
  readonly #options: QuarantineOptions;
  #why: string | null;
  #writing: Promise<void> = Promise.resolve();
  /** Told at once of every change, so that the inventory is published. */
  onChange: () => void = () => undefined;
  /** Told in the moment in which the kill file is gone. */
  onCleared: () => void = () => undefined;

  constructor(options: QuarantineOptions) {
    this.#options = options;
    this.#why = readWhy(options.path);
  }

  /** Why no work is taken; null: it is. */
  why(): string | null {
    return this.#why;
  }

  /** Holds from the moment of the call; resolves when it is on disk and recorded, as far as that can be. Never rejects. */
  async set(why: string): Promise<void> {
    const text = (why === "" ? "no reason given" : why).slice(0, 300);
    // The first reason stays: a later one is on the record alone.
    const first = this.#why === null;
    this.#why ??= text;
    if (first) this.onChange();
    const { log, logger, path } = this.#options;
    const problem = (error: unknown) =>
      logger.error(
        { err: error, path },
        "the quarantine could not be kept on disk; it holds until this daemon ends",
      );
    if (first)
      this.#writing = this.#writing.then(async () => {
        if (this.#why !== null)
          await writeWhole(path, JSON.stringify({ v: 1, why: this.#why })).catch(problem);
      });
    await Promise.all([
      this.#writing,
      log
        .write({ kind: "quarantined", why: text })
        .catch((error: unknown) => logger.error({ err: error }, "the quarantine could not be recorded")),
    ]);
  }

  /**
   * Lifts it. The kill file goes first.
   * @throws Error when one of the two files cannot be removed; the node stays quarantined.
   */
  async clear(who: string, why: string): Promise<void> {
    await this.#writing;
    for (const path of [this.#options.killPath, this.#options.path])
      try {
        rmSync(path, { force: true });
      } catch (error) {
        const said = error instanceof Error ? error.message : String(error);
        throw new Error(`${path} cannot be removed (${said}); remove it by hand, then clear again`, {
          cause: error,
        });
      }
    this.#why = null;
    this.onCleared();
    this.onChange();
    await this.#options.log.write({ kind: "cleared", who: who.slice(0, 100), why: why.slice(0, 300) });
  }
}

function readWhy(path: string): string | null {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    return `${path} cannot be read; look at it, then clear the node`;
  }
  try {
    return fileSchema.parse(JSON.parse(text)).why;
  } catch {
    return `${path} cannot be understood; look at it, then clear the node`;
  }
}

/** Replaced in one step, and on disk when it resolves. */
async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  const file = await open(draft, "w", 0o600);
  try {
    await file.writeFile(`${text}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
