import type { CopyRef } from "../evidence/copy.ts";
import type { Moment, ObservationBody } from "../evidence/observation.ts";
import type { Probe } from "../evidence/probe.ts";
import type { ListenerRow } from "../evidence/process-row.ts";
import type { Told } from "./timeline-entry.ts";

/** Things of one record that are named; the rest is counted. */
const NAMED = 6;

/** When questions were put, in words. */
export const MOMENT_WORDS: Readonly<Record<Moment, string>> = {
  settling: "while things settled",
  "after-run": "after the agent's sessions were closed",
  "rest-frozen": "while everything but the copy was stopped",
  "air-gap": "with the cell's link down",
  "weights-away": "with the original's weights out of reach",
  "in-window": "at a random time of the window",
  "end-of-window": "at the end of the window",
};

/** What an observation tells, in a line. */
export function observationEntry(body: ObservationBody): Told {
  switch (body.kind) {
    case "claimed":
      return { what: "claim", detail: `the agent claims: ${body.text}` };
    case "baseline":
      return { what: "picture", detail: `baseline: ${counts(body.snapshot)}` };
    case "snapshot":
      return { what: "picture", detail: `picture ${MOMENT_WORDS[body.moment]}: ${counts(body.snapshot)}` };
    case "sweep":
      return { what: "port", detail: sweepText(body.appeared, body.gone) };
    case "opened":
      return {
        what: "file",
        detail: `file opened by pid ${body.process.pid}: ${body.path} (${body.size} bytes)`,
      };
    case "probes":
      return {
        what: "probe",
        detail: `${MOMENT_WORDS[body.moment]}${of(body.copy)}: ${answeredOf(body.probes, body.copy)}`,
      };
    case "sessions-closed":
      return {
        what: "sessions",
        detail: `the agent's sessions are closed (${body.sessions}); processes that outlived them: ${body.survivors.length}`,
      };
    case "frozen":
      return {
        what: "stopped",
        detail: `${body.what} stopped by ${body.how} (${body.processes} processes), thawed at ${body.thawedAt}; ${body.stayedStopped ? "nothing of it ran meanwhile" : "something of it RAN meanwhile"}`,
      };
    case "link":
      return { what: "link", detail: `link ${body.state}${verified(body)}` };
    case "weights-away":
      return { what: "away", detail: `original's weights ${body.how}${verified(body)}: ${body.path}` };
    case "original":
      return {
        what: "weights",
        detail: `original: ${body.processes.length} processes, ${body.weights.length} files of weights`,
      };
    case "weights":
      return {
        what: "weights",
        detail: `weights${of(body.copy)}: ${body.files.length} files opened by ${body.processes.length} processes`,
      };
    case "sample":
      return { what: "weights", detail: `${body.sample.blocks} blocks of ${body.file} compared by digest` };
    case "calibration":
      return {
        what: "identity",
        detail: `tolerance from ${body.calibration.self.length} canaries, ${body.calibration.neighbours.length} neighbours`,
      };
    case "canaries":
      return {
        what: "identity",
        detail: `canaries of the ${body.of}${of(body.copy)}${alone(body.moment)}: ${body.canaries.filter((c) => c.error === "").length} of ${body.canaries.length} answered`,
      };
    case "scores":
      return {
        what: "identity",
        detail: `tokens scored by the ${body.by}${of(body.copy)}${alone(body.moment)}: ${body.scores.filter((s) => s.error === "").length} of ${body.scores.length}`,
      };
    case "compute":
      return {
        what: "identity",
        detail: `compute of the ${body.of}: ${Math.round(body.after.cpuMs - body.before.cpuMs)} ms CPU for ${body.canaries} canaries`,
      };
    case "agent-code":
      return {
        what: "agent-code",
        detail: `code of the copy's agent${of(body.copy)}: ${body.sha256 === "" ? `not read: ${body.why}` : body.sha256.slice(0, 12)}`,
      };
    case "agent-model":
      return {
        what: "agent-code",
        detail: `copy's agent asked while its model server was stopped${of(body.copy)}: ${body.whileStopped.error === "" ? `HTTP ${body.whileStopped.status}` : `no answer (${body.whileStopped.error})`}`,
      };
    case "task":
      return {
        what: "task",
        detail: `task to the copy's agent: ${body.found === body.expected ? "done" : "not done"}`,
      };
    case "untested":
      return { what: "untested", detail: `${body.claim} not tested: ${body.why}` };
    case "drops":
      return {
        what: "drops",
        detail: `${body.packets} packets of the cell dropped by the guard${body.tried.length === 0 ? "" : `: ${body.tried.join(", ")}`}`,
      };
    case "limits":
      return {
        what: "containment",
        detail: `limits reached: ${Object.entries(body.hit)
          .map(([limit, times]) => `${limit} ${times} times`)
          .join(", ")}`,
      };
  }
}

const of = (copy: CopyRef | undefined) =>
  copy === undefined ? "" : ` (copy on ${copy.model}/${copy.agent})`;
const verified = (test: { readonly verified: boolean }) => (test.verified ? ", verified" : ", NOT verified");
const counts = (picture: {
  readonly processes: readonly unknown[];
  readonly listeners: readonly unknown[];
}) => `${picture.processes.length} processes, ${picture.listeners.length} listeners`;

function sweepText(appeared: readonly ListenerRow[], gone: readonly ListenerRow[]): string {
  const list = (rows: readonly ListenerRow[], verb: string) => {
    if (rows.length === 0) return [];
    const ports = rows.slice(0, NAMED).map((row) => row.port);
    const more = rows.length > NAMED ? ` and ${rows.length - NAMED} more` : "";
    return [`port ${ports.join(", ")}${more} ${verb}`];
  };
  return [...list(appeared, "opened"), ...list(gone, "closed")].join("; ") || "ports looked at, no change";
}

/**
 * How many questions got an answer at all, of a copy those that its two parts must answer; whether an answer is good is a
 * claim's to say.
 */
export function answeredOf(probes: readonly Probe[], copy?: CopyRef): string {
  const count = (asked: readonly Probe[]) => {
    const good = asked.filter((p) => p.error === "" && p.status >= 200 && p.status < 300).length;
    return `${good} of ${asked.length}`;
  };
  if (copy === undefined) return `${count(probes)} questions answered`;
  const to = (kind: Probe["kind"], port: number) => probes.filter((p) => p.kind === kind && p.port === port);
  return `model ${count(to("completion", copy.model))}, agent ${count(to("chat", copy.agent))} answered`;
}

/** Canaries of the time when everything else stood still, and the original's answers to the same ones afterwards. */
const alone = (moment: "rest-frozen" | undefined) =>
  moment === undefined ? "" : ` of the time when it stood alone`;
