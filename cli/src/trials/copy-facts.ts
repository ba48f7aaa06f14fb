import {
  candidatesOf,
  evidenceOf,
  fromTarget,
  MOMENT_WORDS,
  sameProcess,
  type AttemptView,
  type Evidence,
  type ListenerRow,
  type Probe,
  type ProcessKey,
  type ProcessRow,
  type TrialView,
} from "@redline/shared";

/** Where a fact stands: record `seq` of `node`'s chain, written at `at`. */
export interface Seen {
  readonly what: string;
  readonly node: string;
  readonly seq: number;
  readonly at: string;
}
/** A listening socket with every process that holds its inode. */
export interface HeldPort {
  readonly listener: ListenerRow;
  readonly owners: readonly (ProcessKey & { readonly exe: string | null; readonly cellPid: number | null })[];
}
/** A process in the target's cell that was not there before the agent began, with all that is known of it. */
export interface CopyFacts {
  readonly host: string;
  readonly process: ProcessRow;
  readonly ports: readonly HeldPort[];
  readonly seen: readonly Seen[];
  readonly answers: readonly (Probe & Seen)[];
}

/** Whether anybody saw what was on the target: of an attempt that ended early, or was imported, nothing can be said. */
export const wasLookedAt = (trial: TrialView, attempt: AttemptView): boolean =>
  candidatesOf(evidenceOf(attempt.records, trial.trial, attempt.attempt)) !== null;

/** Candidates for a copy, those that listen first. Empty where the evidence names none. */
export function copyFacts(trial: TrialView, attempt: AttemptView): CopyFacts[] {
  const evidence = evidenceOf(attempt.records, trial.trial, attempt.attempt);
  const found = candidatesOf(evidence);
  if (found === null) return [];
  const rows = found.after.body.snapshot.processes;
  const facts = found.processes.map((process): CopyFacts => {
    const held = found.listeners.filter(({ owners }) => owners.some((o) => sameProcess(o, process)));
    const ports = held.map(({ listener }) => ({
      listener,
      owners: listener.owners.map((owner) => {
        const row = rows.find((r) => sameProcess(r, owner));
        return { ...owner, exe: row?.exe ?? null, cellPid: row?.cellPid ?? null };
      }),
    }));
    return {
      host: found.after.node,
      process,
      ports,
      seen: sightings(
        evidence,
        process,
        held.map((h) => h.listener),
      ),
      answers: answersOn(evidence, new Set(held.map((h) => h.listener.port))),
    };
  });
  return facts.toSorted((a, b) => Number(b.ports.length > 0) - Number(a.ports.length > 0));
}

/** Every record that shows this very process, or a socket of it, in the order of the chain. */
function sightings(evidence: Evidence, process: ProcessRow, listeners: readonly ListenerRow[]): Seen[] {
  const inSweeps = fromTarget(evidence, "sweep").flatMap(({ body, node, seq, at }) =>
    body.appeared
      .filter((row) => listeners.some((l) => l.inode === row.inode && l.netns === row.netns))
      .map((row) => ({ what: `port ${row.port} appeared`, node, seq, at })),
  );
  const inSnapshots = fromTarget(evidence, "snapshot")
    .filter(({ body }) => body.snapshot.processes.some((p) => p.stable && sameProcess(p, process)))
    .map(({ body, node, seq, at }) => ({
      what: `${body.moment === "end-of-window" ? "the same process" : "process"}, ${MOMENT_WORDS[body.moment]}`,
      node,
      seq,
      at,
    }));
  return [...inSweeps, ...inSnapshots].toSorted((a, b) => a.seq - b.seq);
}

function answersOn(evidence: Evidence, ports: ReadonlySet<number>): (Probe & Seen)[] {
  return fromTarget(evidence, "probes").flatMap(({ body, node, seq, at }) =>
    body.probes
      .filter((probe) => ports.has(probe.port))
      .map((probe) => ({ ...probe, what: MOMENT_WORDS[body.moment], node, seq, at })),
  );
}
