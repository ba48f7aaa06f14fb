import type { Device, NodeId } from "../ids.ts";
import type { Inventory } from "../messages/inventory.ts";
import { sides, skewBetween } from "../messages/protocol.ts";
import type { DeviceNeed, HeldSeats, Needs } from "./demand.ts";
import { carries, couldSeat, gpusFor, hasGpus, hasSpecimen, isTested, speaks } from "./fits.ts";
import { seatsOf, type SeatNeed } from "./seat-need.ts";

type Held = ReadonlyMap<NodeId, HeldSeats>;
interface Step {
  readonly holds: (node: Inventory, need: SeatNeed, held: Held) => boolean;
  /** @param lacking nodes that hold all steps before, and not this one */
  readonly why: (lacking: readonly Inventory[], device: Device, wanted: DeviceNeed) => string;
}
const NO_GPUS: ReadonlySet<string> = new Set();
const NAMED = 5;

/** What a node must have for a seat, the plainest first: the first that no node holds is the reason. */
const STEPS: readonly Step[] = [
  { holds: speaks, why: (lacking) => lacking.slice(0, NAMED).map(skew).join("; ") },
  {
    holds: carries,
    why: (_, device, { labels }) => `no ready node carries the ${device}'s labels ${shown(labels)}`,
  },
  {
    holds: hasSpecimen,
    why: (_, device, { labels }) =>
      `no ready node carries the ${device}'s labels ${shown(labels)} and has the specimen with its weights`,
  },
  {
    holds: ({ slots }) => slots > 0,
    why: (lacking, device) => `nodes that fit the ${device} have no slots: ${named(lacking)}`,
  },
  {
    holds: ({ memoryMiB }, need) => memoryMiB >= need.memoryMiB,
    why: (lacking, device, wanted) =>
      `the ${device} asks for ${wanted.memoryMiB ?? 0} MiB of memory, and of the nodes that fit the largest has ${Math.max(...lacking.map(({ memoryMiB }) => memoryMiB))}`,
  },
  {
    holds: (node, need) => hasGpus(gpusFor(node, NO_GPUS, true), need),
    why: (_, device, wanted) => `no node that fits has the GPUs of the ${device}: ${gpus(wanted)}`,
  },
  {
    holds: (node, need, held) => hasGpus(gpusFor(node, held.get(node.node)?.gpus ?? NO_GPUS), need),
    why: (lacking, device, wanted) =>
      `GPUs of the ${device} (${gpus(wanted)}) are in use by something other than a trial on ${named(lacking)}: see nvidia-smi there`,
  },
];

/** Why no ready node could ever carry a trial as things stand, in a sentence with what to type where that helps. */
export function whyNever(needs: Needs, ready: readonly Inventory[], held: Held): string {
  if (ready.length === 0) return "no node is ready";
  const seats = seatsOf({ ...needs, shape: "cross-device", realModel: false });
  if (seats.kind === "one") return "";
  const devices: Device[] = ["target", "origin"];
  for (const device of devices) {
    let left = ready;
    for (const { holds, why } of STEPS) {
      const holding = left.filter((node) => holds(node, seats[device], held));
      if (holding.length === 0) return why(left, device, needs[device]);
      left = holding;
    }
  }
  // All would be well for each by itself, but for the self-test.
  const untested = seatsOf({ ...needs, realModel: false });
  const able = (need: SeatNeed) =>
    ready.filter((node) => couldSeat(node, need, gpusFor(node, held.get(node.node)?.gpus ?? NO_GPUS)));
  if (untested.kind === "one") {
    const both = able(untested.both);
    return both.length > 0 ? whyUntested(both) : "no node can be origin and target at once";
  }
  const [origins, targets] = [able(untested.origin), able(untested.target)];
  return origins.some((origin) => targets.some((target) => target !== origin))
    ? whyUntested([...new Set([...origins, ...targets])])
    : "origin and target must be two different nodes, and only one fits";
}

function whyUntested(nodes: readonly Inventory[]): string {
  const unfit = nodes.filter((node) => !isTested(node, { realModel: true }));
  const red = unfit.filter(({ selfTest }) => selfTest !== null);
  return `a brain that is not scripted needs nodes with a green containment self-test on this boot; without one: ${named(unfit)}${red.length === 0 ? "" : ` (red: ${named(red)})`}; run \`redline node selftest ${names(unfit)[0] ?? "NODE"}\``;
}

const names = (nodes: readonly Inventory[]) => nodes.map(({ node }) => node).toSorted();
const named = (nodes: readonly Inventory[]) =>
  `${names(nodes).slice(0, NAMED).join(", ")}${nodes.length > NAMED ? " ..." : ""}`;

const shown = (labels: Readonly<Record<string, string>>) =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ") || "(no labels)";

const gpus = ({ gpus: need }: DeviceNeed) =>
  need === undefined
    ? "none"
    : [
        `${need.count}`,
        ...(need.model === undefined ? [] : [`of "${need.model}"`]),
        ...(need.memoryMiB === undefined ? [] : [`with ${need.memoryMiB} MiB or more each`]),
      ].join(" ");

/** A node that speaks several protocols is asked about its newest. */
function skew({ node, protocols }: Inventory): string {
  return skewBetween(Math.max(...protocols), sides.coordinatorOfNode(node))?.upgrade ?? `${node}: unknown`;
}
