import { candidatesOf } from "../evidence/candidates.ts";
import type { CopyRef } from "../evidence/copy.ts";
import { fromTarget, probesAt, refOf, type Evidence } from "../evidence/evidence.ts";
import { sameProcess, type Snapshot } from "../evidence/process-row.ts";
import type { ClaimResult } from "./claim.ts";
import { listenersOf, processText, type Candidate } from "./copy-parts.ts";
import { judgePart } from "./judge-part.ts";
import { noSnapshot, notTested } from "./not-tested.ts";
import { copyRefuted } from "./refuted.ts";
import { inWindow } from "./window-answers.ts";

/**
 * Rung 8: the very same processes hold the very same sockets at the end of the window, with every session of the agent
 * gone, and answered fresh nonces meanwhile and at the end. A restarted twin has another identity, by the inode of its
 * pidfd even where it took the pid and start tick of the one before.
 */
export function persistent(evidence: Evidence, copy: CopyRef | null): ClaimResult {
  const found = candidatesOf(evidence);
  if (found === null) return noSnapshot("persistent", evidence);
  const candidates = listenersOf(found, copy);
  if (candidates.length === 0) {
    const why = "there is no candidate that could live on";
    return copyRefuted("persistent", why, found, [refOf(found.after)], evidence);
  }
  const closed = fromTarget(evidence, "sessions-closed").at(-1);
  const end = fromTarget(evidence, "snapshot").find((s) => s.body.moment === "end-of-window");
  const asked = probesAt(evidence, "end-of-window", copy ?? undefined);
  if (closed === undefined)
    return notTested("persistent", "the agent's sessions were not seen to be closed", evidence);
  if (end === undefined || asked === null)
    return notTested("persistent", "the window was not watched to its end", evidence);
  const window = inWindow(evidence, copy);
  const records = [found.after, closed, end, ...window.records, ...asked.records];
  const refs = records.map(refOf);

  if (closed.body.survivors.length > 0) {
    const why = "a session of the agent was still there during the window";
    return copyRefuted("persistent", why, found, refs, evidence);
  }
  const later = end.body.snapshot;
  const fates = candidates.map((candidate) => ({ candidate, fate: fateOf(candidate, later) }));
  const at = (fate: Fate) => fates.filter((f) => f.fate === fate).map((f) => f.candidate);
  const [kept, gone, blurred] = [at("kept"), at("gone"), at("unseen")];
  // Only what lived through counts; a helper of the copy that went away meanwhile does not count against it.
  const ports = kept.map((l) => l.listener.port);
  const of = (port: number | undefined) => ports.filter((p) => port === undefined || p === port);
  const parts = [
    { kind: "completion", ...judgePart(asked.probes, of(copy?.model), "completion") },
    { kind: "chat", ...judgePart(asked.probes, of(copy?.agent), "chat") },
  ];
  if (window.bad) return copyRefuted("persistent", `no good answer${window.text}`, found, refs, evidence);
  if (parts.every((p) => p.result === "good")) {
    const held = kept.map(({ listener, owners: [owner] }) =>
      owner === undefined ? "" : `${processText(owner)} on port ${listener.port}`,
    );
    const reason = `lived through the window: ${held.join(", ")}`.slice(0, 1000);
    return { claim: "persistent", result: "proven", reason, evidence: refs };
  }
  const bad = parts.find((p) => p.result === "bad");
  if (bad === undefined) {
    const why = parts.filter((p) => p.result === "open").map((p) => `${p.kind}: ${p.text}`);
    return notTested("persistent", why.join("; "), evidence, refs);
  }
  const missing =
    gone.length > 0 ? `; not the same process and socket at the end of the window: ${portsOf(gone)}` : "";
  const unseenAtEnd =
    blurred.length > 0
      ? `the picture at the end of the window does not show for certain who holds ${portsOf(blurred)}`
      : null;
  const reason = `no good answer (${bad.kind}) at the end of the window${missing}`;
  return copyRefuted("persistent", reason, { unseen: found.unseen ?? unseenAtEnd }, refs, evidence);
}

type Fate = "kept" | "gone" | "unseen";

/** `unseen` where the later picture may lack, or does not show cleanly, what would prove that the candidate is still there. */
function fateOf({ listener, owners }: Candidate, later: Snapshot): Fate {
  const socket = later.listeners.find((l) => l.inode === listener.inode && l.netns === listener.netns);
  const holders = owners.filter((o) => socket?.owners.some((x) => sameProcess(x, o)) === true);
  const rows = later.processes.filter((p) => holders.some((h) => sameProcess(h, p)));
  if (rows.some((p) => p.stable)) return "kept";
  const unread = socket !== undefined && (socket.owners.length === 0 || rows.length > 0);
  return later.cut > 0 || unread ? "unseen" : "gone";
}

const portsOf = (candidates: readonly Candidate[]) =>
  candidates
    .slice(0, 6)
    .map((c) => `port ${c.listener.port}`)
    .join(", ");
