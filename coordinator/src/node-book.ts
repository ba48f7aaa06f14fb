import {
  inventorySchema,
  nodeIdSchema,
  sides,
  skewOf,
  type Inventory,
  type NodeId,
  type NodeView,
  type Skew,
} from "@redline/shared";

/** A node as it was heard last. */
export interface HeardNode {
  readonly inventory: Inventory;
  /** Arrival on the coordinator's monotonic clock. */
  readonly heardMs: number;
  /** Arrival by wall clock, for people. */
  readonly heardAt: Date;
}

/** A node whose daemon speaks another protocol: it is heard, and nothing more. */
export interface SkewedNode extends Skew {
  readonly heardMs: number;
}

/** The newest inventory of each node and when it came, by the coordinator's own clock. Empty after a restart. */
export class NodeBook {
  readonly #heard = new Map<NodeId, HeardNode>();
  readonly #skewed = new Map<NodeId, SkewedNode>();

  heard(inventory: Inventory, heardMs: number, heardAt: Date): void {
    this.#skewed.delete(inventory.node);
    this.#heard.set(inventory.node, { inventory, heardMs, heardAt });
  }

  /** A message of another protocol came from a node: it takes no work until it speaks ours again. @returns whether that is news. */
  skewed(node: NodeId, skew: Skew, heardMs: number): boolean {
    const news = this.#skewed.get(node)?.theirs !== skew.theirs;
    this.#skewed.set(node, { ...skew, heardMs });
    return news;
  }

  get otherVersions(): ReadonlyMap<NodeId, SkewedNode> {
    return this.#skewed;
  }

  get(node: NodeId): HeardNode | undefined {
    return this.#heard.get(node);
  }

  /** The node is not enrolled any more. */
  forget(node: NodeId): void {
    this.#heard.delete(node);
  }

  /** Inventories of nodes heard of within `silentMs`. */
  live(nowMs: number, silentMs: number): Inventory[] {
    return [...this.#heard.values()]
      .filter((n) => nowMs - n.heardMs <= silentMs && !this.#skewed.has(n.inventory.node))
      .map((n) => n.inventory);
  }
}

/**
 * Parses an inventory; null unless it is of the node whose key it was written to. One of another protocol says no more than that: the
 * key alone, which only that node may write, tells whose it is.
 */
export function readInventory(
  key: string,
  value: Uint8Array,
): Inventory | { readonly node: NodeId; readonly skew: Skew } | null {
  let raw: unknown;
  try {
    raw = JSON.parse(Buffer.from(value).toString("utf8"));
  } catch {
    return null;
  }
  const node = nodeIdSchema.safeParse(key);
  const skew = node.success ? skewOf(raw, sides.coordinatorOfNode(node.data)) : null;
  if (node.success && skew !== null) return { node: node.data, skew };
  const parsed = inventorySchema.safeParse(raw);
  return parsed.success && parsed.data.node === key ? parsed.data : null;
}

/** Whether an inventory says something that the journal must know: heartbeats alone are not journalled. */
export function isNews(
  view: Pick<NodeView, "inventory" | "goneWhy"> | undefined,
  inventory: Inventory,
): boolean {
  if (view === undefined || view.goneWhy !== null) return true;
  return JSON.stringify(lasting(view.inventory)) !== JSON.stringify(lasting(inventory));
}

/** What counts as a change; memory in use and slots in use come and go. */
const lasting = (i: Inventory) => [
  i.instance,
  i.bootId,
  i.version,
  i.state,
  i.reason,
  i.selfTest === null ? null : [i.selfTest.at, i.selfTest.green],
  i.slots,
  Object.entries(i.labels).sort(),
  i.specimens.map((s) => [s.name, s.sha256]),
  i.gpus.map((g) => [g.index, g.model, g.uuid, g.memoryTotalMiB]),
];
