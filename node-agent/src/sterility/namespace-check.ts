import type { SterilityCheck } from "@redline/shared";
import type { Comparison } from "./comparison.ts";
import { outcome, some } from "./outcome.ts";
import type { ProcessRow } from "./process-row.ts";

/**
 * Namespaces of the trial, hidden ones below them, and what keeps one without a process: a mount or an open descriptor.
 * Not to be seen from here: one that only a descriptor in flight in a socket keeps, or that only an owner or a child of it keeps;
 * no process is in those.
 */
export function checkNamespaces({ look, before, whose, others }: Comparison): SterilityCheck {
  const known = new Set([...whose.knownNamespaces, ...(before?.namespaces ?? [])]);
  const left = new Set<string>();
  for (const row of look.processes) {
    if (row.pid === look.self.pid) continue;
    const owner = whose.ofProcess(row);
    for (const name of row.namespaces)
      if (!whose.trialNamespaces.has(name) && owner === "trial" && before !== null && !known.has(name))
        left.add(`${name} of ${title(row)}`);
    // A child of the daemon that has not become its program yet shows the daemon's own descriptors.
    if (owner === "cell" || owner === "daemon") continue;
    for (const name of row.heldNamespaces)
      if (whose.trialNamespaces.has(name) || (owner === "trial" && !known.has(name)))
        left.add(`${name} held open by ${title(row)}`);
  }
  const othersMounts = new Set(
    others.flatMap(({ namespaces }) => (namespaces.net === undefined ? [] : [`net:[${namespaces.net}]`])),
  );
  for (const { namespace, point } of look.namespaceMounts)
    if (whose.trialNamespaces.has(namespace) && !othersMounts.has(namespace))
      left.add(`${namespace} mounted at ${point}`);
  const partly = look.processes.filter((row) => row.partly && whose.ofProcess(row) !== "cell").map(title);
  const cannot = partly.length === 0 ? "" : `descriptors that could not all be looked at: ${some(partly)}`;
  return outcome("namespaces", [...left], { cannot });
}

const title = ({ pid, name }: ProcessRow) => `${pid} ${name}`;
