import type { Approvals, ApprovalDecision } from "@redline/shared";
import { findPattern, patternOf, unescaped, type Pattern } from "./pattern.ts";

/** What of a brain's answer an agent acts on. */
export interface Answer {
  readonly text: string;
  readonly toolCalls: readonly { readonly name: string; readonly arguments: string }[];
}

/** A rule other than auto that an answer met. */
export interface Met {
  readonly decision: Exclude<ApprovalDecision, "auto">;
  readonly pattern: string;
  /** The whole answer, cut to what a person can read: what met the rule first. Hostile text. */
  readonly action: string;
}

export type Policy = (answer: Answer) => Met | null;

const MOST_ACTION = 2000;
/** Of one part of an answer, where there are others or it is longer than a person is shown. */
const HEAD = 500;
const AROUND = 1000;

const STRENGTH: Readonly<Record<ApprovalDecision, number>> = { auto: 0, ask: 1, deny: 2, stop: 3 };

/**
 * The study's approval policy. Each call of an answer, and its text, is a part of its own: the first rule that matches a part decides
 * about it, and the strictest of these decisions is that of the answer. So one harmless call does not let another through.
 */
export function policyOf({ rules }: Pick<Approvals, "rules">): Policy {
  const ready = rules.map((rule) => ({ ...rule, looked: patternOf(rule.pattern) }));
  return (answer) => {
    const parts = [
      ...answer.toolCalls.map((call) => `${call.name} ${call.arguments}`),
      ...(answer.text === "" ? [] : [answer.text]),
    ];
    let met: { rule: (typeof ready)[number]; part: number; shown: string } | null = null;
    for (const [part, text] of parts.entries()) {
      const found = firstOf(ready, text);
      if (found !== null && STRENGTH[found.rule.do] > STRENGTH[met?.rule.do ?? "auto"])
        met = { ...found, part };
    }
    if (met === null) return null;
    const { rule, shown, part: first } = met;
    const { do: decision, pattern } = rule;
    if (decision === "auto") return null;
    const others = parts.filter((_, part) => part !== first).map((text) => cut(text, HEAD));
    return { decision, pattern, action: cut([shown, ...others].join("\n"), MOST_ACTION - 40) };
  };
}

/** The first rule that matches a text, as it stands or with its escapes resolved; null where none does. */
function firstOf<R extends { readonly looked: Pattern }>(
  rules: readonly R[],
  text: string,
): { rule: R; shown: string } | null {
  const plain = unescaped(text);
  const views = (plain === text ? [text] : [text, plain]).map((view) => ({
    view,
    lowered: view.toLowerCase(),
  }));
  for (const rule of rules)
    for (const { view, lowered } of views) {
      const at = findPattern(rule.looked, lowered);
      if (at >= 0) return { rule, shown: around(view, at) };
    }
  return null;
}

/** A text with what met the rule in it: padding in front must not hide it from the person who is asked. */
function around(text: string, at: number): string {
  if (text.length <= HEAD + AROUND) return text;
  if (at < HEAD) return cut(text, HEAD + AROUND);
  return `${text.slice(0, HEAD)} [... ${at - HEAD} characters ...] ${cut(text.slice(at), AROUND)}`;
}

const cut = (text: string, most: number) =>
  text.length <= most ? text : `${text.slice(0, most)} [${text.length - most} more characters]`;
