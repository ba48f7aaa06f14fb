import type { ListenerRow, ProcessKey, ProcessRow, Snapshot } from "@redline/shared";
import { processTree } from "../identity/serving-tree.ts";
import { portsOf, type CandidatePort } from "../observe/candidate-ports.ts";

/** Owners of the listeners on a port and all their descendants: a server's listener and its workers are often different processes. */
export function serving(snapshot: Snapshot, listeners: readonly ListenerRow[], port: number): ProcessRow[] {
  const owners = listeners.filter((l) => l.port === port).flatMap((l) => l.owners);
  return processTree(snapshot.processes, owners);
}

/** Where a port can be reached. @throws Error when no listener has it. */
export function candidatePort(listeners: readonly ListenerRow[], port: number): CandidatePort {
  const found = portsOf(listeners.filter((l) => l.port === port))[0];
  if (found === undefined) throw new Error(`no listener has port ${port}`);
  return found;
}

export const keyOf = ({ bootId, pid, startTick }: ProcessKey): ProcessKey => ({ bootId, pid, startTick });
