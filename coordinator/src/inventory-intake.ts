import type { NodeId, Skew } from "@redline/shared";
import type { Logger } from "@redline/daemon";
import { ranOut } from "./attempt-judge.ts";
import type { Bus } from "./bus.ts";
import type { Clock } from "./clock.ts";
import type { JournalStore } from "./journal-store.ts";
import { isNews, readInventory, type NodeBook } from "./node-book.ts";

export interface InventoryPorts {
  readonly store: JournalStore;
  readonly book: NodeBook;
  readonly enrolled: ReadonlySet<NodeId>;
  readonly bus: Pick<Bus, "upSinceMs">;
  readonly clock: Clock;
  readonly log: Logger;
  /** A node that was silent for so long is journalled as gone, ms. */
  readonly goneMs: number;
  /** Called when a node may have free slots. */
  readonly wake: () => void;
}

/** Keeps the nodes' inventories: every one in memory, changes in the journal. */
export class InventoryIntake {
  readonly #ports: InventoryPorts;
  readonly #startedMs: number;
  /** Nodes whose change is being written: a second heartbeat must not write it twice. */
  readonly #writing = new Set<NodeId>();

  constructor(ports: InventoryPorts) {
    this.#ports = ports;
    this.#startedMs = ports.clock.monoMs();
  }

  /** Takes a value of the inventory bucket; never throws. */
  take(key: string, value: Uint8Array): void {
    const { store, book, enrolled, clock, log, wake } = this.#ports;
    const inventory = readInventory(key, value);
    if (inventory === null || !enrolled.has(inventory.node)) {
      log.warn({ key }, "inventory dropped: not readable, not its own node's, or not enrolled");
      return;
    }
    if ("skew" in inventory) {
      this.skewed(inventory.node, inventory.skew);
      return;
    }
    const { node } = inventory;
    const before = book.get(node)?.inventory;
    book.heard(inventory, clock.monoMs(), clock.now());
    if (
      before === undefined ||
      before.slots !== inventory.slots ||
      before.slotsInUse !== inventory.slotsInUse
    )
      wake();
    if (this.#writing.has(node) || !isNews(store.state.nodes.get(node), inventory)) return;
    this.#writing.add(node);
    store
      .commit({ kind: "node-seen", inventory })
      .then(() => log.info({ node, state: inventory.state, slots: inventory.slots }, "node seen"))
      .catch((error: unknown) => log.error({ err: error, node }, "inventory could not be journalled"))
      .finally(() => this.#writing.delete(node));
  }

  /** A record or an inventory of another protocol came from a node: said once for each protocol of a node. */
  skewed(node: NodeId, skew: Skew): void {
    const { book, clock, log } = this.#ports;
    if (book.skewed(node, skew, clock.monoMs()))
      log.error({ node, why: skew.upgrade }, "node speaks another version");
  }

  /** Journals nodes that fell silent. Called again and again. */
  async sweep(): Promise<void> {
    const { store, book, bus, clock, goneMs, log } = this.#ports;
    const nowMs = clock.monoMs();
    for (const [node, view] of store.state.nodes) {
      if (view.goneWhy !== null || this.#writing.has(node)) continue;
      const lastMs = book.get(node)?.heardMs ?? this.#startedMs;
      const other = book.otherVersions.get(node)?.upgrade;
      if (!ranOut({ nowMs, busUpSinceMs: bus.upSinceMs }, lastMs, goneMs)) continue;
      const why = other ?? `no inventory for ${Math.round(goneMs / 1000)} s`;
      await store.commit({ kind: "node-gone", node, why });
      log.warn({ node, why }, "node is gone");
    }
  }
}
