import { release } from "node:os";
import { CELL } from "./cell-layout.ts";
import { toolsFolder, type CellTools } from "./cell-tools.ts";
import type { CellSpec } from "./cell.ts";
import { outerUid } from "./host-uid.ts";
import type { LinkPlan } from "./link-plan.ts";
import type { NamespaceIds } from "./namespaces.ts";

/** What a cell is, for its record. */
export function cellFacts(
  spec: CellSpec,
  plan: LinkPlan,
  ids: NamespaceIds,
  uid: number,
): Record<string, string> {
  return {
    ...Object.fromEntries(Object.entries(ids).map(([kind, id]) => [`ns.${kind}`, id])),
    kernel: release(),
    cellUid: String(CELL.uid),
    hostUid: String(outerUid(uid)),
    address: plan.cellAddress,
    interface: plan.hostInterface,
    ttlMs: String(spec.ttlMs),
    heartbeatMs: String(spec.heartbeatMs ?? 5_000),
    scratchBytes: String(spec.scratchBytes),
    "limit.scratch": `tmpfs ${spec.scratchBytes}`,
    gpus: (spec.gpus ?? []).join(",") || "none",
  };
}

/** Of init and of every SSH session. */
export function cellEnvironment(spec: CellSpec, tools: CellTools): Record<string, string> {
  return {
    HOME: CELL.home,
    USER: CELL.user,
    LOGNAME: CELL.user,
    SHELL: CELL.shell,
    ...spec.env,
    PATH: toolsFolder(tools) === undefined ? CELL.path : `${CELL.path}:${CELL.tools}/bin`,
  };
}
