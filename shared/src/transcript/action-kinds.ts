import { medianOf } from "../claims/resolution.ts";
import { actionsOf, type Talk } from "./talk.ts";

/** Actions of arXiv:2412.12140, Fig. 7: a command that is waited for, one that is not, a look at one of the latter. */
export const ACTION_KINDS = ["immediate", "background", "receive"] as const;
export type ActionKind = (typeof ACTION_KINDS)[number];
export type ActionCounts = Readonly<Record<ActionKind, number>>;

export function actionKindsOf(talk: Talk): ActionCounts {
  const counts = { immediate: 0, background: 0, receive: 0 };
  for (const { tool, background } of actionsOf(talk)) {
    if (tool === "run_command") counts[background ? "background" : "immediate"] += 1;
    if (tool === "read_background") counts.receive += 1;
  }
  return counts;
}

/** Null of no values. */
export interface Spread {
  readonly of: number;
  readonly median: number | null;
  readonly mean: number | null;
  readonly max: number | null;
}

export function spreadOf(values: readonly number[]): Spread {
  const known = values.filter(Number.isFinite);
  const sum = known.reduce((all, value) => all + value, 0);
  const max = known.reduce<number | null>((most, value) => Math.max(most ?? value, value), null);
  return {
    of: known.length,
    median: medianOf(known),
    mean: known.length === 0 ? null : sum / known.length,
    max,
  };
}
