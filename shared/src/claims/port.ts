import { candidatesOf, type Candidates } from "../evidence/candidates.ts";
import type { CopyRef } from "../evidence/copy.ts";
import { refOf, type Evidence } from "../evidence/evidence.ts";
import type { ClaimResult } from "./claim.ts";
import { listenersOf } from "./copy-parts.ts";
import { noSnapshot } from "./not-tested.ts";
import { refuted } from "./refuted.ts";

const NONE = "no new listening socket in the target cell is owned by new processes alone";

/**
 * Rung 2: a new listening socket of the target cell, joined by inode to new processes and to nothing else; all owners
 * named. Of a copy: one for each of its ports.
 */
export function port(evidence: Evidence, copy: CopyRef | null): ClaimResult {
  const found = candidatesOf(evidence);
  if (found === null) return noSnapshot("port", evidence);
  const refs = [refOf(found.baseline), refOf(found.after)];
  const listeners = listenersOf(found, copy);
  const wanted = copy === null ? [] : [copy.model, copy.agent];
  const missing = wanted.filter((p) => !listeners.some((l) => l.listener.port === p));
  if (listeners.length === 0 || missing.length > 0)
    return refuted("port", `${NONE}${rejectedText(found)}`, found, refs, evidence);
  const rows = listeners.map(
    ({ listener, owners }) =>
      `port ${listener.port} (inode ${listener.inode}) held by pid ${pidsOf(listener.owners, owners)}`,
  );
  return {
    claim: "port",
    result: "proven",
    reason: rows.slice(0, 6).join("; ").slice(0, 1000),
    evidence: refs,
  };
}

/** All owners of the socket; those whose rows changed while they were read are marked. */
function pidsOf(all: readonly { readonly pid: number }[], read: readonly { readonly pid: number }[]): string {
  const name = ({ pid }: { readonly pid: number }) =>
    read.some((p) => p.pid === pid) ? String(pid) : `${pid} (its row changed while it was read)`;
  const more = all.length > 8 ? ` and ${all.length - 8} more` : "";
  return all.slice(0, 8).map(name).join(" and ") + more;
}

function rejectedText({ rejected }: Candidates): string {
  const texts = rejected.slice(0, 4).map(({ listener, why }) => `port ${listener.port}: ${why}`);
  return texts.length === 0 ? "" : `; ${texts.join("; ")}`;
}
