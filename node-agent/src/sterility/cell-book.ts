import { dirname } from "node:path";
import type { CellProof } from "@redline/shared";
import type { Cell, CellDriver, CellSpec } from "../cell/cell.ts";
import { CellError } from "../cell/cell-error.ts";
import { DEFAULT_UID_BASE, hostUid } from "../cell/host-uid.ts";
import { linkPlan } from "../cell/link-plan.ts";
import { namespacesOfFacts, type Endpoint, type LiveCell } from "./trial-traces.ts";

interface Entry {
  readonly spec: CellSpec;
  /** Null while it is being built. */
  cell: Cell | null;
  readonly listeners: Endpoint[];
}

/**
 * A driver that remembers what each of its cells may have on the node, from before it is built until it is removed: what is its own
 * is not another attempt's survivor. Every cell of the node is built through it, so it is also where a quarantined node stops building.
 */
export class CellBook implements CellDriver {
  readonly name: string;
  readonly #driver: CellDriver;
  readonly #uidBase: number | null;
  readonly #entries = new Set<Entry>();
  /** Why no cell of this id may be built now, or null. Asked before each. */
  refuses: (cellId: string) => string | null = () => null;

  constructor(driver: CellDriver, uidBase: number | null = DEFAULT_UID_BASE) {
    this.name = driver.name;
    this.#driver = driver;
    this.#uidBase = uidBase;
  }

  /** @throws CellError also `quarantined`, before anything is begun. */
  async build(spec: CellSpec, signal: AbortSignal): Promise<Cell> {
    const why = this.refuses(spec.id);
    if (why !== null) throw new CellError("quarantined", why);
    const entry: Entry = { spec, cell: null, listeners: [] };
    this.#entries.add(entry);
    try {
      entry.cell = await this.#driver.build(spec, signal);
      return entry.cell;
    } catch (error) {
      this.#entries.delete(entry);
      throw error;
    }
  }

  cells(): readonly Cell[] {
    return this.#driver.cells();
  }

  emptyAll(): Promise<{ readonly cells: number; readonly tookMs: number }> {
    return this.#driver.emptyAll();
  }

  sweepLeftovers(): Promise<CellProof[]> {
    return this.#driver.sweepLeftovers();
  }

  /** A port that the daemon opened for this cell, besides those on its link. */
  addListener(cellId: string, endpoint: Endpoint): void {
    for (const { spec, listeners } of this.#entries) if (spec.id === cellId) listeners.push(endpoint);
  }

  /** Uid of a slot's cell as the daemon sees it. */
  uidOf(index: number): number {
    return hostUid(index, this.#uidBase);
  }

  /** Cells that are up, begun or being removed, but for those whose id is the asker's. */
  others(isMine: (id: string) => boolean): LiveCell[] {
    const up = new Set(this.#driver.cells());
    // A cell that its driver no longer knows is removed and proved.
    for (const entry of this.#entries)
      if (entry.cell !== null && !up.has(entry.cell)) this.#entries.delete(entry);
    return [...this.#entries]
      .filter(({ spec }) => !isMine(spec.id))
      .map(({ spec, cell, listeners }) => ({
        uid: this.uidOf(spec.index),
        namespaces: cell === null ? {} : namespacesOfFacts(cell.facts),
        paths: pathsOf(spec),
        address: linkPlan(spec.index).hostAddress,
        listeners: [...listeners],
        gpus: spec.gpus ?? [],
      }));
  }
}

/** Folders and sockets of a cell on the node. */
export const pathsOf = (spec: CellSpec): string[] => [
  spec.stateDir,
  ...spec.socketBinds.map(({ from }) => dirname(from)),
];
