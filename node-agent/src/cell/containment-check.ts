import { readFileSync, readlinkSync } from "node:fs";
import { CellError } from "./cell-error.ts";
import type { NamespaceIds, NamespaceKind } from "./namespaces.ts";

const OWN: readonly NamespaceKind[] = ["pid", "net", "mnt", "user", "ipc", "uts"];

/**
 * Asks the kernel, not our own arguments, whether init is contained: own namespaces of every kind, no capability in any
 * set, no way to gain one, the filter on.
 * @returns what was read, for the facts
 * @throws CellError "not-contained" naming each thing that is missing
 */
export function checkContainment(initPid: number, ids: NamespaceIds): Record<string, string> {
  const faults = OWN.filter((kind) => {
    const link = readlinkSync(`/proc/self/ns/${kind}`);
    return ids[kind] === undefined || link === `${kind}:[${ids[kind]}]`;
  }).map((kind) => `shares the ${kind} namespace`);

  const status = readFileSync(`/proc/${initPid}/status`, "utf8");
  const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, "m").exec(status)?.[1] ?? "?";
  for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
    if (!/^0+$/.test(field(set))) faults.push(`${set} is ${field(set)}`);
  }
  if (field("NoNewPrivs") !== "1") faults.push("no_new_privs is off");
  if (field("Seccomp") !== "2") faults.push("seccomp is off");
  if (faults.length > 0) throw new CellError("not-contained", faults.join(", "));
  return {
    capabilities: field("CapBnd"),
    noNewPrivs: "1",
    seccomp: "filter",
    // A lab that an ordinary user started cannot drop that user's groups; nothing that they open is in a cell's view.
    groups: field("Groups").trim() || "none",
  };
}
