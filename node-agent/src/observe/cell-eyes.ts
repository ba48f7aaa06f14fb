import { randomBytes } from "node:crypto";
import type { Logger } from "@redline/daemon";
import type { CellEyes } from "../attempts/cell-eyes.ts";
import type { Cell } from "../cell/cell.ts";
import { portsOf } from "./candidate-ports.ts";
import type { CellScope } from "./cell-scope.ts";
import { fitSnapshot } from "./fit-snapshot.ts";
import { sweepListeners } from "./listener-sweep.ts";
import { probePorts } from "./probe/probe-ports.ts";
import type { Snapshotter } from "./snapshotter.ts";

const SWEEP_MS = 500;
const NONCE_BYTES = 12;

const scopeOf = ({ initPid, netns, pidns }: Cell): CellScope => ({ initPid, netns, pidns });

/** The real eyes of an attempt: `/proc` by the snapshot thread, the sweep, and the prober. */
export function createCellEyes(options: {
  snapshotter: Snapshotter;
  nsenter: string;
  log: Logger;
}): CellEyes {
  return {
    async snapshot(cell, signal) {
      const result = await options.snapshotter.snapshot(scopeOf(cell), signal);
      if (!result.ok) throw new Error(`snapshot: ${result.why}`);
      return fitSnapshot(result.snapshot);
    },
    watchListeners(cell, onChange, signal, known) {
      void (async () => {
        const changes = sweepListeners({ scope: scopeOf(cell), everyMs: SWEEP_MS, known, signal });
        for await (const { appeared, gone } of changes) onChange([...appeared], [...gone]);
      })().catch((error: unknown) => options.log.error({ err: error }, "listener sweep ended"));
    },
    async probe(cell, listeners, signal, wanted) {
      const result = await probePorts({
        tools: { nsenter: options.nsenter },
        netnsPid: cell.initPid,
        netns: cell.netns,
        candidates: portsOf(listeners),
        nonce: () => randomBytes(NONCE_BYTES).toString("hex"),
        signal,
        ...(wanted === undefined ? {} : { wanted }),
      });
      if (!result.ok) throw new Error(`probe: ${result.why}`);
      return [...result.probes];
    },
  };
}
