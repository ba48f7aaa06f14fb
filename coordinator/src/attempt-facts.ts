import type { AttemptView, Device, NodeId } from "@redline/shared";

/** The distinct nodes of an attempt, the origin's first. */
export const nodesOf = (attempt: Pick<AttemptView, "devices">): NodeId[] => [
  ...new Set([attempt.devices.origin, attempt.devices.target]),
];

/** Devices that must have closed before the evidence is whole. On one node the target's part may be the origin's. */
export function devicesToClose(attempt: AttemptView): Device[] {
  const { origin, target } = attempt.devices;
  const both = origin !== target || attempt.accepted.has("target");
  return both ? ["origin", "target"] : ["origin"];
}

/** Whether a node has nothing of the attempt any more: its parts closed, or it said that they were lost. */
export function hasLeft(attempt: AttemptView, node: NodeId): boolean {
  if (attempt.lost?.node === node || attempt.refused?.node === node) return true;
  return devicesToClose(attempt)
    .filter((device) => attempt.devices[device] === node)
    .every((device) => attempt.closed.has(device));
}

/** What the cells of an attempt left behind, as their own proofs say; empty when every proof that came is clean. */
export const dirtOf = (attempt: AttemptView): string[] =>
  attempt.cells
    .filter((cell) => !cell.proof.clean)
    .map(
      ({ device, node, proof }) =>
        `the ${device} cell on ${node} left ${proof.left.join(", ") || "something"}`,
    );
