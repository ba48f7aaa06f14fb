import type { DriverBench, DriverPromise } from "./driver-bench.ts";
import { containmentPromises } from "./driver-conformance-containment.ts";
import { endPromises } from "./driver-conformance-ends.ts";
import { removalPromises } from "./driver-conformance-removal.ts";

/** Promises by group; in each group they run one after the other. */
export function driverConformance(bench: DriverBench): Readonly<Record<string, readonly DriverPromise[]>> {
  return {
    containment: containmentPromises(bench),
    ends: endPromises(bench),
    removal: removalPromises(bench),
  };
}
