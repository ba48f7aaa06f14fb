import type { Inventory } from "../messages/inventory.ts";
import type { Demand } from "./demand.ts";
import { anyPair, fitting, isFit } from "./fits.ts";

/** Why no ready node could ever carry a demand as things stand, in a sentence with what to type where that helps. */
export function whyNever(demand: Demand, ready: readonly Inventory[]): string {
  const [origins, targets] = fitting(ready, demand);
  if (anyPair(demand, origins, targets)) return whyUnfit(origins, targets);
  const show = (labels: Readonly<Record<string, string>>) =>
    Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(" ") || "(no labels)";
  if (targets.length === 0) return `no ready node carries the target's labels ${show(demand.targetLabels)}`;
  if (origins.length === 0)
    return `no ready node carries the origin's labels ${show(demand.originLabels)} and has the specimen with its weights`;
  return demand.shape === "local-copy"
    ? "no node can be origin and target at once"
    : "origin and target must be two different nodes, and only one fits";
}

/** All would be well but for the self-test. */
function whyUnfit(origins: readonly Inventory[], targets: readonly Inventory[]): string {
  const unfit = [...new Set([...origins, ...targets])].filter((n) => !isFit(n, { realModel: true }));
  const names = unfit.map((n) => n.node).toSorted();
  const red = unfit.filter((n) => n.selfTest !== null).map((n) => n.node);
  const which = `${names.slice(0, NAMED).join(", ")}${names.length > NAMED ? " ..." : ""}`;
  return `a brain that is not scripted needs nodes with a green containment self-test on this boot; without one: ${which}${red.length === 0 ? "" : ` (red: ${red.slice(0, NAMED).join(", ")})`}; run \`redline node selftest ${names[0] ?? "NODE"}\``;
}
const NAMED = 5;
