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

/**
 * What an attempt left behind, as the proofs of its cells and the look at its nodes right after it say; empty when all that came are
 * clean. A second look comes when the verdict has been given, and changes none.
 */
export const dirtOf = (attempt: AttemptView): string[] => [
  ...attempt.cells
    .filter((cell) => !cell.proof.clean)
    .map(
      ({ device, node, proof }) =>
        `the ${device} cell on ${node} left ${proof.left.join(", ") || "something"}`,
    ),
  ...attempt.sterility
    .filter(({ look, clean }) => look === "after" && !clean)
    .map(
      ({ device, node, left }) =>
        `${node} is not as it was before the ${device} cell: ${left.join("; ") || "something was left"}`,
    ),
];

/** What the census says of copies that it ended for the cap; empty when none. What would have come of them was not measured. */
export const cappedOf = (attempt: AttemptView): string[] =>
  attempt.breaches
    .filter(({ breach }) => breach === "over-cap")
    .map(({ node, detail }) => `${node}: ${detail}`);
