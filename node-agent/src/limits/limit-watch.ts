import type { CellLimits } from "../cell/cell.ts";
import { killMember, membersOf, type NamespaceIds } from "../cell/namespaces.ts";
import {
  exactMemory,
  roughMemory,
  sharedMemoryOfMachine,
  tmpfsMemory,
  type CellMemory,
} from "./cell-memory.ts";

export interface WatchedCell {
  /** Held by the caller for as long as the watch runs. */
  readonly ids: NamespaceIds;
  readonly initPid: number;
  /** The cell's tmpfs, as init sees them. */
  readonly mounts: readonly string[];
  readonly limits: CellLimits;
  /** What nothing else holds here. */
  readonly holds: { readonly memory: boolean; readonly processes: boolean };
  /** Told right before the cell is ended for a limit. */
  readonly ending: () => void;
}

const EVERY_MS = 500;

/**
 * Holds limits that the kernel does not hold for this daemon: looks twice a second and ends the biggest processes of a cell that is
 * over its memory, or the cell when that does not help or it has too many processes. Between two looks a cell may use more.
 */
export class LimitWatch implements Disposable {
  readonly hits = { memory: 0, processes: 0 };
  readonly #cell: WatchedCell;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(cell: WatchedCell) {
    this.#cell = cell;
    this.#next();
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  /** The next look waits for this one. A look that fails is one of a cell that has just ended. */
  #next(): void {
    if (this.#ended) return;
    this.#timer = setTimeout(() => {
      this.#look()
        .catch(() => undefined)
        .finally(() => this.#next());
    }, EVERY_MS);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const { ids, initPid, mounts, limits, holds } = this.#cell;
    // The daemon's own probers enter the network namespace alone: they are not the cell's, and not its victims.
    const inside: NamespaceIds = Object.fromEntries(Object.entries(ids).filter(([kind]) => kind !== "net"));
    const pids = membersOf(inside).map(({ pid }) => pid);
    const { bytes, tasks } = await roughMemory(pids);
    // One less: the kernel lets nobody make the last one in the user namespaces that bubblewrap nests.
    if (tasks >= limits.processes - 1) this.hits.processes += 1;
    if (holds.processes && tasks > limits.processes) this.#endCell();
    if (!holds.memory) return;
    const { files } = await tmpfsMemory(initPid, mounts);
    // Were all of the machine's shared memory the cell's, it would not be over its limit.
    if (bytes + files + (await sharedMemoryOfMachine()) <= limits.memoryBytes) return;
    const exact = await exactMemory(initPid, pids, mounts);
    if (exact === null) this.#endCell();
    else if (exact.bytes <= limits.memoryBytes) return;
    else this.#free(exact);
    this.hits.memory += 1;
  }

  #free({ bytes, processes }: CellMemory): void {
    const { initPid, limits } = this.#cell;
    const others = processes.filter(({ pid }) => pid !== initPid).toSorted((a, b) => b.bytes - a.bytes);
    let over = bytes - limits.memoryBytes;
    const freeable = others.reduce((sum, process) => sum + process.bytes, 0);
    // What lies in a tmpfs goes with the cell alone.
    if (freeable < over) {
      this.#endCell();
      return;
    }
    for (const process of others) {
      if (over <= 0) return;
      this.#end(process.pid);
      over -= process.bytes;
    }
  }

  #endCell(): void {
    if (this.#ended) return;
    this.#cell.ending();
    this.#end(this.#cell.initPid);
  }

  #end(pid: number): void {
    if (!this.#ended) killMember(pid, this.#cell.ids);
  }
}
