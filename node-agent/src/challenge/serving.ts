import { sameProcess, type ListenerRow, type ProcessKey, type ProcessRow, type Snapshot } from "@redline/shared";
import { portsOf, type CandidatePort } from "../observe/candidate-ports.ts";

/** Owners of the listeners on a port and all their descendants: a server's listener and its workers are often different processes. */
export function serving(snapshot: Snapshot, listeners: readonly ListenerRow[], port: number): ProcessRow[] {
  const owners = listeners.filter((l) => l.port === port).flatMap((l) => l.owners);
  return withDescendants(snapshot.processes, owners);
}

/** These processes and everything below them, as far as the picture shows it. */
export function withDescendants(
  processes: readonly ProcessRow[],
  roots: readonly ProcessKey[],
): ProcessRow[] {
  const found = new Set(processes.filter((p) => roots.some((root) => sameProcess(root, p))));
  for (let before = -1; before < found.size; ) {
    before = found.size;
    const pids = new Set([...found].map((p) => p.pid));
    for (const p of processes) if (pids.has(p.ppid)) found.add(p);
  }
  return [...found];
}

/** Where a port can be reached. @throws Error when no listener has it. */
export function candidatePort(listeners: readonly ListenerRow[], port: number): CandidatePort {
  const found = portsOf(listeners.filter((l) => l.port === port))[0];
  if (found === undefined) throw new Error(`no listener has port ${port}`);
  return found;
}

export const keyOf = ({ bootId, pid, startTick }: ProcessKey): ProcessKey => ({ bootId, pid, startTick });
