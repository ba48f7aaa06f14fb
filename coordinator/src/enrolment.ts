import { readFile, stat } from "node:fs/promises";
import type { NodeId } from "@redline/shared";
import { ConfigError, enrolledNodes, everyUntil, type Logger } from "@redline/daemon";

/** Who joined and who was removed by one change. */
export interface EnrolmentChange {
  readonly added: readonly NodeId[];
  readonly removed: readonly NodeId[];
}

/** How often the file is looked at, ms; a SIGHUP does it at once. */
const LOOK_MS = 1000;

/**
 * Which nodes belong to the lab, now. Those of a setting stay for the process's life; those of a file (`lab.json`) are read again when
 * the file changes. A file that cannot be read changes nothing: the nodes of before are still told to end their cells.
 */
export class Enrolment {
  readonly #path: string | null;
  readonly #log: Logger;
  readonly #listeners = new Set<(change: EnrolmentChange) => void>();
  #nodes: readonly NodeId[];
  #set: ReadonlySet<NodeId>;
  #stamp = "";

  /** @throws ConfigError when the file cannot be read or is none. */
  static async open(
    source: { readonly nodes: readonly NodeId[] } | { readonly file: string },
    log: Logger,
  ): Promise<Enrolment> {
    if ("nodes" in source) return new Enrolment(source.nodes, null, log);
    const enrolment = new Enrolment([], source.file, log);
    try {
      await enrolment.#read(source.file);
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      throw new ConfigError(`REDLINE_NODES_FILE: ${source.file}: ${said.slice(0, 500)}`, { cause: error });
    }
    return enrolment;
  }

  private constructor(nodes: readonly NodeId[], path: string | null, log: Logger) {
    this.#nodes = nodes;
    this.#set = new Set(nodes);
    this.#path = path;
    this.#log = log;
  }

  nodes(): readonly NodeId[] {
    return this.#nodes;
  }

  /** The same as a set; not changed in place. */
  set(): ReadonlySet<NodeId> {
    return this.#set;
  }

  /** Called after each change. Returns how to take the listener off again. */
  onChange(listener: (change: EnrolmentChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads the file again where there is one and it changed. Never rejects. */
  async look(): Promise<void> {
    const path = this.#path;
    if (path === null) return;
    try {
      if ((await stampOf(path)) !== this.#stamp) await this.#read(path);
    } catch (error) {
      this.#log.error(
        { err: error, path },
        "the enrolment cannot be read; the nodes of before stay enrolled",
      );
    }
  }

  /** Looks until the signal aborts: each second, and on SIGHUP. */
  async watch(signal: AbortSignal): Promise<void> {
    if (this.#path === null) return;
    const now = () => void this.look();
    process.on("SIGHUP", now);
    try {
      await everyUntil(
        signal,
        LOOK_MS,
        () => this.look(),
        () => undefined,
      );
    } finally {
      process.off("SIGHUP", now);
    }
  }

  async #read(path: string): Promise<void> {
    // Taken before the text: a change in between is read at the next look.
    const stamp = await stampOf(path);
    const nodes = enrolledNodes(await readFile(path, "utf8"));
    this.#stamp = stamp;
    const before = this.#set;
    this.#nodes = nodes;
    this.#set = new Set(nodes);
    const added = nodes.filter((node) => !before.has(node));
    const removed = [...before].filter((node) => !this.#set.has(node));
    if (added.length + removed.length === 0) return;
    this.#log.info({ added, removed, nodes: nodes.length }, "enrolment read");
    for (const listener of [...this.#listeners]) listener({ added, removed });
  }
}

const stampOf = async (path: string) => {
  const { mtimeMs, ino, size } = await stat(path);
  return `${mtimeMs} ${ino} ${size}`;
};
