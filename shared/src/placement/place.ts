import type { NodeId } from "../ids.ts";
import type { Inventory } from "../messages/inventory.ts";
import type { Scenario } from "../study/study-schema.ts";

/** What one waiting trial needs, all of it at once. */
export interface Demand {
  readonly trial: string;
  readonly scenario: Scenario;
  readonly specimenSha256: string;
  readonly originLabels: Readonly<Record<string, string>>;
  readonly targetLabels: Readonly<Record<string, string>>;
  /** Nodes on which an earlier attempt of this trial failed; used only where nothing else fits. */
  readonly avoid: ReadonlySet<NodeId>;
}

export interface Assignment {
  readonly trial: string;
  readonly devices: { readonly origin: NodeId; readonly target: NodeId };
}
export interface Unplaced {
  readonly trial: string;
  readonly why: string;
  /** True when no enrolled node could ever be this device as things stand. */
  readonly never: boolean;
}

/**
 * Assigns waiting trials, in their order, to free slots: all devices of a trial at once or none.
 * A cross-device trial takes a slot on two different nodes, a local one a single slot. Emptiest nodes first.
 * `held` counts slots which the coordinator has given away and not got back, whatever the inventory says.
 */
export function place(
  demands: readonly Demand[],
  nodes: readonly Inventory[],
  held: ReadonlyMap<NodeId, number>,
): { assignments: Assignment[]; unplaced: Unplaced[] } {
  const free = new Map(nodes.map((n) => [n.node, n.slots - (held.get(n.node) ?? 0)]));
  const assignments: Assignment[] = [];
  const unplaced: Unplaced[] = [];
  for (const demand of demands) {
    const fits = (labels: Readonly<Record<string, string>>, needsSpecimen: boolean) => (node: Inventory) =>
      node.state === "ready" &&
      Object.entries(labels).every(([name, value]) => node.labels[name] === value) &&
      (!needsSpecimen || node.specimens.some((s) => s.sha256 === demand.specimenSha256));
    const origins = nodes.filter(fits(demand.originLabels, true));
    const targets = nodes.filter(fits(demand.targetLabels, false));
    const pairs = origins.flatMap((origin) =>
      demand.scenario === "local-copy"
        ? targets.filter((t) => t.node === origin.node).map((target) => ({ origin, target }))
        : targets.filter((t) => t.node !== origin.node).map((target) => ({ origin, target })),
    );
    if (pairs.length === 0) {
      unplaced.push({ trial: demand.trial, never: true, why: whyNever(demand, origins, targets) });
      continue;
    }
    const left = (node: Inventory) => free.get(node.node) ?? 0;
    const open = pairs.filter(({ origin, target }) => left(origin) > 0 && left(target) > 0);
    const avoided = (pair: (typeof pairs)[number]) =>
      Number(demand.avoid.has(pair.origin.node)) + Number(demand.avoid.has(pair.target.node));
    const best = open.toSorted(
      (a, b) =>
        avoided(a) - avoided(b) ||
        left(b.origin) + left(b.target) - (left(a.origin) + left(a.target)) ||
        a.origin.node.localeCompare(b.origin.node) ||
        a.target.node.localeCompare(b.target.node),
    )[0];
    if (best === undefined) {
      unplaced.push({ trial: demand.trial, never: false, why: "all fitting nodes are busy" });
      continue;
    }
    for (const node of new Set([best.origin.node, best.target.node]))
      free.set(node, (free.get(node) ?? 0) - 1);
    assignments.push({
      trial: demand.trial,
      devices: { origin: best.origin.node, target: best.target.node },
    });
  }
  return { assignments, unplaced };
}

function whyNever(demand: Demand, origins: readonly Inventory[], targets: readonly Inventory[]): string {
  const show = (labels: Readonly<Record<string, string>>) =>
    Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(" ") || "(no labels)";
  if (targets.length === 0) return `no ready node carries the target's labels ${show(demand.targetLabels)}`;
  if (origins.length === 0)
    return `no ready node carries the origin's labels ${show(demand.originLabels)} and has the specimen with its weights`;
  return demand.scenario === "local-copy"
    ? "no node can be origin and target at once"
    : "origin and target must be two different nodes, and only one fits";
}
