import type { Device, NodeId } from "../ids.ts";
import type { NodeRecord } from "../journal/node-record.ts";

/** The distinct nodes of an attempt, the origin's first. */
export const nodesInOrder = (devices: Readonly<Record<Device, NodeId>>): NodeId[] => [
  ...new Set([devices.origin, devices.target]),
];

/**
 * Records of an attempt node by node, the origin's first, each in the order in which it was given. How the records of two nodes
 * arrived among each other depends on the bus and is in no bundle: a verdict must not rest on it.
 */
export const inDeviceOrder = (
  records: readonly NodeRecord[],
  devices: Readonly<Record<Device, NodeId>>,
): NodeRecord[] => nodesInOrder(devices).flatMap((node) => records.filter((record) => record.node === node));
