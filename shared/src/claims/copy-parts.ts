import type { Candidates } from "../evidence/candidates.ts";
import type { CopyRef } from "../evidence/copy.ts";
import type { ProcessRow } from "../evidence/process-row.ts";

export type Candidate = Candidates["listeners"][number];

/** The listeners that a copy's two ports name; all of them where no copy is named. */
export function listenersOf(found: Candidates, copy: CopyRef | null): readonly Candidate[] {
  if (copy === null) return found.listeners;
  return found.listeners.filter(({ listener: { port } }) => port === copy.model || port === copy.agent);
}

/** New processes that hold a port. */
export function ownersAt(found: Candidates, port: number): readonly ProcessRow[] {
  const owners = found.listeners.filter((l) => l.listener.port === port).flatMap((l) => l.owners);
  return [...new Set(owners)];
}

/** A process for people, by pid and, where it is known, by the number that nobody can forge. */
export const processText = (p: ProcessRow) =>
  p.pidfdInode === undefined ? `pid ${p.pid}` : `pid ${p.pid} [pidfd inode ${p.pidfdInode}]`;
