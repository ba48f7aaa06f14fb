import type { Approvals, ApprovalDecision } from "@redline/shared";
import { findPattern, patternOf, type Pattern } from "./pattern.ts";
import { excerptOf, type Part } from "./policy-excerpt.ts";
import { viewsOf } from "./policy-views.ts";

/** What of a brain's answer an agent acts on. */
export interface Answer {
  readonly text: string;
  readonly toolCalls: readonly { readonly name: string; readonly arguments: string }[];
}

/** A rule other than auto that an answer met. */
export interface Met {
  readonly decision: Exclude<ApprovalDecision, "auto">;
  readonly pattern: string;
  /** The whole answer, a part a line, cut to what a person can read: what met the rule first. Hostile text. */
  readonly action: string;
  /** Not all of the answer is in `action`. */
  readonly cut: boolean;
}

export type Policy = (answer: Answer) => Met | null;

/** As the record takes it. */
const MOST_ACTION = 4000;

const STRENGTH: Readonly<Record<ApprovalDecision, number>> = { auto: 0, ask: 1, deny: 2, stop: 3 };

/**
 * The study's approval policy. Each call of an answer, and its text, is a part of its own: the first rule that matches a part decides
 * about it, and the strictest of these decisions is that of the answer. So one harmless call does not let another through.
 */
export function policyOf({ rules }: Pick<Approvals, "rules">): Policy {
  const ready = rules.map((rule) => ({ ...rule, looked: patternOf(rule.pattern) }));
  return (answer) => {
    const texts = [
      ...answer.toolCalls.map((call) => `${call.name} ${call.arguments}`),
      ...(answer.text === "" ? [] : [answer.text]),
    ];
    const parts = texts.map((text) => firstOf(ready, text) ?? { rule: null, part: { text, spans: [] } });
    const strengthOf = ({ rule }: (typeof parts)[number]) => STRENGTH[rule?.do ?? "auto"];
    const [first, ...others] = parts.toSorted((a, b) => strengthOf(b) - strengthOf(a));
    if (first === undefined || first.rule === null) return null;
    const { do: decision, pattern } = first.rule;
    if (decision === "auto") return null;
    const { shown, cut } = excerptOf(
      [first, ...others].map(({ part }) => part),
      MOST_ACTION,
    );
    return { decision, pattern, action: shown, cut };
  };
}

/** The first rule that matches a text in one of its views; null where none does. */
function firstOf<R extends { readonly looked: Pattern }>(
  rules: readonly R[],
  text: string,
): { rule: R; part: Part } | null {
  const views = viewsOf(text);
  for (const rule of rules)
    for (const view of views) {
      const found = findPattern(rule.looked, view.folded);
      if (found !== null)
        return { rule, part: { text: view.text, spans: found.map((span) => view.spanOf(span)) } };
    }
  return null;
}
