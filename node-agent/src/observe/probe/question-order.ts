import type { CandidatePlan, Question } from "./probe-plan.ts";

export interface Turn {
  readonly kind: "completion" | "chat";
  readonly question: Question;
}

/** The questions of one candidate in the order they are put: a completion and a chat in turn, as long as there are any. */
export function questionOrder({ completions, chats }: Pick<CandidatePlan, "completions" | "chats">): Turn[] {
  const rounds = Math.max(completions.length, chats.length);
  return Array.from({ length: rounds }, (_, i) => [
    ...completions.slice(i, i + 1).map((question) => ({ kind: "completion" as const, question })),
    ...chats.slice(i, i + 1).map((question) => ({ kind: "chat" as const, question })),
  ]).flat();
}
