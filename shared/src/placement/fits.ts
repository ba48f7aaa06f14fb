import type { Inventory } from "../messages/inventory.ts";
import type { Demand } from "./demand.ts";

const carries = (node: Inventory, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(labels).every(([name, value]) => node.labels[name] === value);

const hasSpecimen = (node: Inventory, { specimenSha256 }: Demand): boolean =>
  node.specimens.some((specimen) => specimen.sha256 === specimenSha256);

/** Whether a node may take a trial with this brain: a real model goes only where the walls were tried since the machine started. */
export const isFit = (node: Inventory, { realModel }: Pick<Demand, "realModel">): boolean =>
  !realModel || node.selfTest?.green === true;

/** Nodes that could be the demand's origin, and those that could be its target. */
export const fitting = (
  nodes: readonly Inventory[],
  demand: Demand,
): [origins: Inventory[], targets: Inventory[]] => [
  nodes.filter((n) => carries(n, demand.originLabels) && hasSpecimen(n, demand)),
  nodes.filter((n) => carries(n, demand.targetLabels)),
];

/** Whether ready nodes could carry the demand if all of them were free. */
export function anyPair(
  demand: Demand,
  origins: readonly Inventory[],
  targets: readonly Inventory[],
): boolean {
  if (demand.shape === "local-copy") {
    const names = new Set(targets.map((n) => n.node));
    return origins.some((n) => names.has(n.node));
  }
  const [origin] = origins;
  return (
    origin !== undefined &&
    targets.length > 0 &&
    (origins.length > 1 || targets.some((t) => t.node !== origin.node))
  );
}
