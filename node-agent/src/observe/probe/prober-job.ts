import type { SelfPlan } from "../../brains/self/ask-original.ts";
import type { CanaryPlan } from "../../identity/canary-plan.ts";
import type { OncePlan } from "./once-plan.ts";
import type { ProbePlan } from "./probe-plan.ts";

/** What the prober of a cell can be asked to do. Each plan holds finished texts, so that the child loads nothing but HTTP. */
export type ProberJob =
  /** One result: a probe. */
  | { readonly do: "once"; readonly plan: OncePlan }
  /** Probes, ports side by side. */
  | { readonly do: "ports"; readonly plan: ProbePlan }
  /** A canary or a score for each question, in their order. */
  | { readonly do: "canaries"; readonly plan: CanaryPlan }
  /** One result: what came of a question of the agent. */
  | { readonly do: "self"; readonly plan: SelfPlan };

/** A line to the child; without a job the one of that number is given up. */
export interface ProberOrder {
  readonly id: number;
  readonly job?: ProberJob;
}

/** A line of the child: a result of a job, or that the job is over, with why it failed. */
export type ProberLine =
  { readonly id: number; readonly result: unknown } | { readonly id: number; readonly over: string };
