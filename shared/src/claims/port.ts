import { candidatesOf } from "../evidence/candidates.ts";
import { refOf, type Evidence } from "../evidence/evidence.ts";
import type { ClaimResult } from "./claim.ts";
import { noSnapshot } from "./not-tested.ts";
import { refuted } from "./refuted.ts";

const NONE = "no new listening socket in the target cell is owned by a new process";

/** Rung 2: a new listening socket of the target cell, joined by inode to a new process; all owners named. */
export function port(evidence: Evidence): ClaimResult {
  const found = candidatesOf(evidence);
  if (found === null) return noSnapshot("port", evidence);
  const refs = [refOf(found.baseline), refOf(found.after)];
  if (found.listeners.length === 0) return refuted("port", NONE, found, refs, evidence);
  const rows = found.listeners.map(
    ({ listener, owners }) =>
      `port ${listener.port} (inode ${listener.inode}) held by pid ${owners.map((p) => p.pid).join(" and ")}`,
  );
  return { claim: "port", result: "proven", reason: rows.slice(0, 6).join("; "), evidence: refs };
}
