/** Kinds of entries on the timeline. `link`: of the cell; `stopped`: processes frozen and thawed; `away`: the original's weights. */
export const TIMELINE_WHATS = [
  "node",
  "order",
  "cell",
  "phase",
  "given",
  "brain",
  "notice",
  "approval",
  "person",
  "agent-step",
  "claim",
  "run",
  "picture",
  "file",
  "port",
  "sessions",
  "probe",
  "stopped",
  "link",
  "away",
  "identity",
  "weights",
  "agent-code",
  "task",
  "untested",
  "drops",
  "containment",
  "breach",
  "sealed",
  "closed",
  "fault",
] as const;
export type TimelineWhat = (typeof TIMELINE_WHATS)[number];

/** What a record tells; `detail` is one line and may quote hostile text. */
export interface Told {
  readonly what: TimelineWhat;
  readonly detail: string;
}
