import { randomBytes } from "node:crypto";
import type { CellEyes } from "../attempts/cell-eyes.ts";
import type { Cell } from "../cell/cell.ts";
import { reachableAddresses } from "./candidate-ports.ts";
import type { CellScope } from "./cell-scope.ts";
import { sweepListeners } from "./listener-sweep.ts";
import { probePorts } from "./probe/probe-ports.ts";
import type { Snapshotter } from "./snapshotter.ts";

const SWEEP_MS = 1000;
const NONCE_BYTES = 12;

const scopeOf = ({ initPid, netns, pidns }: Cell): CellScope => ({ initPid, netns, pidns });

/** The real eyes of an attempt: `/proc` by the snapshot thread, the sweep, and the prober. */
export function createCellEyes(options: { snapshotter: Snapshotter; nsenter: string }): CellEyes {
  return {
    async snapshot(cell, signal) {
      const result = await options.snapshotter.snapshot(scopeOf(cell), signal);
      if (!result.ok) throw new Error(`snapshot: ${result.why}`);
      return result.snapshot;
    },
    watchListeners(cell, onChange, signal, known) {
      void (async () => {
        const changes = sweepListeners({ scope: scopeOf(cell), everyMs: SWEEP_MS, known, signal });
        for await (const { appeared, gone } of changes) onChange([...appeared], [...gone]);
      })();
    },
    async probe(cell, listeners, signal) {
      const ports = [...new Set(listeners.map((listener) => listener.port))];
      const result = await probePorts({
        tools: { nsenter: options.nsenter },
        netnsPid: cell.initPid,
        netns: cell.netns,
        candidates: ports.map((port) => ({
          port,
          addresses: [...new Set(listeners.filter((l) => l.port === port).flatMap(reachableAddresses))],
        })),
        nonce: () => randomBytes(NONCE_BYTES).toString("hex"),
        signal,
      });
      if (!result.ok) throw new Error(`probe: ${result.why}`);
      return [...result.probes];
    },
  };
}
