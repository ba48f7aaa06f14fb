import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunOrder } from "@redline/shared";
import type { CellSpec } from "../cell/cell.ts";
import { gpuEnvironment, placedGpus } from "../gpu/placed-gpus.ts";
import { authorizedKey } from "../ssh/authorized-key.ts";
import { cellTtlMs } from "./device-part.ts";
import { IN_CELL } from "./in-cell.ts";

const packageRoot = fileURLToPath(new URL("../../", import.meta.url));

/** What origin and target cells have in common: the read-only view, limits, GPUs, life, and who may come in over SSH. */
export function baseSpec(options: {
  order: RunOrder;
  id: string;
  hostname: "origin" | "target";
  slot: number;
  cellsDir: string;
  /** The daemon's own. */
  keys: readonly string[];
  /** Of the agent in another cell, if it may come in. */
  agentKey?: { readonly line: string; readonly filesOnly: boolean };
  now: Date;
}): CellSpec {
  const { agentKey } = options;
  const ttlMs = cellTtlMs(options.order);
  const stateDir = join(options.cellsDir, options.id);
  const gpus = placedGpus(options.order, options.hostname);
  const expires = new Date(options.now.getTime() + ttlMs);
  return {
    id: options.id,
    hostname: options.hostname,
    index: options.slot,
    ttlMs,
    scratchBytes: options.order.limits.scratchMiB * 1_048_576,
    limits: {
      memoryBytes: options.order.limits.memoryMiB * 1_048_576,
      processes: options.order.limits.processes,
      openFiles: options.order.limits.openFiles,
    },
    ...(gpus.length === 0 ? {} : { gpus: gpus.map(({ index }) => index) }),
    authorizedKeys: [
      ...options.keys.map((key) => authorizedKey(key, { expires })),
      ...(agentKey === undefined
        ? []
        : [authorizedKey(agentKey.line, { expires, filesOnly: agentKey.filesOnly })]),
    ],
    readOnlyBinds: [
      { from: join(packageRoot, "dist"), to: `${IN_CELL.nodeAgent}/dist` },
      { from: join(packageRoot, "package.json"), to: `${IN_CELL.nodeAgent}/package.json` },
      { from: join(packageRoot, "../node_modules"), to: IN_CELL.nodeModules },
    ],
    socketBinds: [],
    env: { REDLINE_MODEL_SERVER: IN_CELL.modelServer, ...gpuEnvironment(gpus) },
    stateDir,
  };
}
