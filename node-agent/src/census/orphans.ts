import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import type { Registry } from "../attempts/registry.ts";
import type { Cell, CellDriver } from "../cell/cell.ts";
import { NETNS_FOLDER, slotOfName } from "../cell/link-plan.ts";
import { attemptOfCell, partOfCell } from "../lifeline/attempt-cells.ts";
import type { HostFacts } from "../observe/host-facts.ts";
import type { NodeLook } from "./look.ts";

/** A cell's network is there before its driver lists the cell: longer than any build and removal. */
const GRACE_MS = 30_000;

export interface Orphan {
  readonly detail: string;
  readonly killed: number;
}

export interface OrphansOptions {
  readonly driver: Pick<CellDriver, "cells">;
  readonly registry: Registry;
  readonly host: Pick<HostFacts, "ownNetns">;
  /** Where networks have their names; default that of the driver. */
  readonly networks?: string;
  /** Monotonic milliseconds. */
  readonly nowMs?: () => number;
}

/** What lives without a live attempt: cells that no part holds, and networks of this node that no cell holds. */
export class Orphans {
  readonly #options: OrphansOptions;
  /** Cells that had no part at the last look; one such look may fall between two steps of a part's end. */
  #suspects = new Set<Cell>();
  readonly #ended = new WeakSet<Cell>();
  /** Networks without a cell, by name and inode, since when. */
  #networks = new Map<string, number>();

  constructor(options: OrphansOptions) {
    this.#options = options;
  }

  /** Ends them. @returns those in which something lived. */
  async end(look: NodeLook): Promise<Orphan[]> {
    return [...(await this.#endCells(look)), ...this.#endNetworks(look)];
  }

  async #endCells({ placed }: NodeLook): Promise<Orphan[]> {
    const { driver, registry } = this.#options;
    const parts = registry.all();
    const without = driver
      .cells()
      .filter((cell) => attemptOfCell(cell.id) !== null && partOfCell(cell, parts) === undefined);
    const orphans: Orphan[] = [];
    for (const cell of without) {
      if (!this.#suspects.has(cell) || this.#ended.has(cell)) continue;
      const lives = placed.filter(({ pidns, netns }) => pidns === cell.pidns || netns === cell.netns);
      if (lives.length === 0) continue;
      this.#ended.add(cell);
      await cell.empty();
      orphans.push({ detail: `cell ${cell.id} had no live attempt; it was emptied`, killed: lives.length });
    }
    this.#suspects = new Set(without);
    return orphans;
  }

  #endNetworks({ placed }: NodeLook): Orphan[] {
    const {
      driver,
      registry,
      host,
      networks = NETNS_FOLDER,
      nowMs = () => performance.now(),
    } = this.#options;
    const held = new Set(driver.cells().map(({ netns }) => netns));
    const building = new Set(registry.all().map(({ slot }) => slot));
    const now = nowMs();
    const seen = new Map<string, number>();
    const orphans: Orphan[] = [];
    for (const name of namesIn(networks)) {
      const slot = slotOfName(name);
      const inode = inodeOf(join(networks, name));
      if (slot === undefined || inode === null || inode === host.ownNetns) continue;
      if (held.has(inode) || building.has(slot)) continue;
      const id = `${name} ${inode}`;
      const since = this.#networks.get(id) ?? now;
      seen.set(id, since);
      if (now - since < GRACE_MS) continue;
      const lives = placed.filter(({ netns, pid }) => netns === inode && pid !== process.pid);
      const killed = lives.filter(({ pid }) => kill(pid)).length;
      if (lives.length > 0)
        orphans.push({ detail: `${lives.length} processes in ${name}, which is no cell's`, killed });
    }
    this.#networks = seen;
    return orphans;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function inodeOf(path: string): string | null {
  try {
    return String(statSync(path).ino);
  } catch {
    return null;
  }
}

function kill(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false;
  }
}
