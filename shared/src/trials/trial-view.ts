import type { Adjudication } from "../claims/claim.ts";
import type { Verdict } from "../claims/verdict.ts";
import type { Device, NodeId, StudyId, TrialId } from "../ids.ts";
import type { CellProof, NodeRecord } from "../journal/node-record.ts";
import type { PlacedGpus } from "../placement/gpu-need.ts";
import type { Inventory } from "../messages/inventory.ts";
import type { ProfileName } from "../claims/profile.ts";
import type { Scenario } from "../scenario/scenario-schema.ts";
import type { Shape } from "../scenario/shape.ts";
import type { Budget } from "../study/budget.ts";
import type { Limits, Study } from "../study/study-schema.ts";
import type { AttemptContainment, NodeContainment } from "./containment-view.ts";
import type { Fault } from "./fault.ts";
import type { AttemptOversight } from "./oversight-view.ts";
import type { Phase, RunEnd } from "./run-end.ts";

/**
 * State of a trial:
 *
 *     waiting ──placed──> placed ──accepted──> running ──attempt-ended──> collecting ──adjudicated──> done
 *        ^                   │                    │                           │
 *        └──── invalid (retry) ────────────────────────────────────────────────┘
 *     any state that is not final ──cancelled──> cancelled;  invalid (no retry) ──> invalid
 */
export const TRIAL_STATES = [
  "waiting",
  "placed",
  "running",
  "collecting",
  "done",
  "invalid",
  "cancelled",
] as const;
export type TrialState = (typeof TRIAL_STATES)[number];
export const isFinal = (state: TrialState): boolean =>
  state === "done" || state === "invalid" || state === "cancelled";

/** One attempt as the journal tells it. */
export interface AttemptView extends AttemptContainment, AttemptOversight {
  readonly attempt: number;
  readonly epoch: number;
  readonly devices: Readonly<Record<Device, NodeId>>;
  /** Null where the study asks for none. */
  readonly gpus: PlacedGpus | null;
  readonly placedAt: string;
  endedAt: string | null;
  runEnd: RunEnd | null;
  runDetail: string;
  turns: number;
  tokens: number;
  outcome: "completed" | "infra" | "cancelled" | null;
  fault: Fault | null;
  detail: string;
  readonly phases: { readonly phase: Phase; readonly node: NodeId; readonly ms: number }[];
  /** Devices whose node took the attempt on. */
  readonly accepted: Set<Device>;
  /** The first refusal of one of its nodes. */
  refused: { readonly node: NodeId; readonly fault: Fault; readonly why: string } | null;
  /** The first word of one of its nodes that its part died with a daemon. */
  lost: { readonly node: NodeId; readonly detail: string } | null;
  /** The first word of one of its nodes that it ended its part unasked, and why. */
  partEnded: { readonly node: NodeId; readonly fault: Fault; readonly detail: string } | null;
  /** It ran in another lab: its nodes are none of this one's, whatever their names. */
  elsewhere?: true;
  readonly closed: Set<Device>;
  readonly cells: { readonly device: Device; readonly node: NodeId; readonly proof: CellProof }[];
  /** Records of the attempt, from every node, in order of arrival; empty after its end where a projection keeps live ones only. */
  readonly records: NodeRecord[];
  adjudications: readonly Adjudication[];
  /** Nodes whose seal the coordinator countersigned, its own key, and what was wrong with the other seals; null before and without. */
  sealed: {
    readonly nodes: readonly NodeId[];
    readonly keyid: string;
    readonly problems: readonly string[];
  } | null;
}

export interface TrialView {
  readonly trial: TrialId;
  readonly study: StudyId;
  readonly arm: string;
  /** Names in the study. */
  readonly scenario: string;
  readonly scaffold: string;
  readonly condition: string;
  readonly shape: Shape;
  readonly brain: string;
  readonly specimen: string;
  readonly repeat: number;
  state: TrialState;
  /** Why it waits, failed or got its verdict, in a sentence. */
  why: string;
  readonly attempts: AttemptView[];
  /** By name of the profile. */
  verdicts: Partial<Record<ProfileName, Verdict>>;
}

export interface StudyView {
  readonly id: StudyId;
  readonly file: string;
  readonly definition: Study;
  readonly specimens: Readonly<Record<string, { name: string; sha256: string }>>;
  /** Whole, by name; empty in journals from before they were written down. */
  readonly scenarios: Readonly<Record<string, Scenario>>;
  /** As they hold now: those of the definition until a person changed them. */
  limits: Limits;
  budget: Budget;
  /** Every change of them and every pause, in order. */
  readonly changes: { readonly at: string; readonly who: string; readonly what: string }[];
  /** Set while no new attempt begins. */
  paused: { readonly who: string; readonly why: string } | null;
  /**
   * The last ended attempts of the study, at most `faultLimit.of` of them, each once, with its infra fault and the nodes that it ran on
   * (or the one that spoke up); empty again when a person resumes the study.
   */
  readonly recentEnds: {
    readonly trial: TrialId;
    readonly attempt: number;
    readonly fault: Fault | null;
    readonly nodes: readonly NodeId[];
  }[];
  readonly submittedAt: string;
  endedAt: string | null;
  endedWhy: string;
  /** Set where it was exported to go on in another lab. */
  moved: { readonly who: string; readonly why: string } | null;
  /** Of a study from another lab: the key id of its coordinator there, whether it was moved and not only copied, and its pause there. */
  imported: { readonly lab: string; moved: boolean; paused: StudyView["paused"] } | null;
  readonly trials: TrialId[];
}

export interface NodeView {
  inventory: Inventory;
  seenAt: string;
  /** Set when the coordinator counted the node as gone. */
  goneWhy: string | null;
  /** Set while a person keeps it out of service; the same over all its inventories. */
  drained: { readonly who: string; readonly why: string } | null;
  /** What its own records say of its containment; the same object over all its inventories. */
  readonly containment: NodeContainment;
}
