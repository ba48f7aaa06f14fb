import { chatQuestion, completionQuestion, NONCES_PER_CANDIDATE } from "@redline/shared";
import type { CandidatePort } from "../candidate-ports.ts";

/** What the probe child gets on stdin, as one JSON text. It holds finished texts, so that the child loads nothing but HTTP. */
export interface ProbePlan {
  readonly candidates: readonly CandidatePlan[];
  readonly limits: ProbeLimits;
}
export interface CandidatePlan extends CandidatePort {
  readonly completions: readonly Question[];
  readonly chats: readonly Question[];
}
export interface Question {
  readonly nonce: string;
  readonly text: string;
}

/** Milliseconds. What is over time becomes a probe with an error, never a lost one. */
export interface ProbeLimits {
  /** One health or models request, to its last byte. */
  readonly requestMs: number;
  /** One completion or chat, to its last byte. */
  readonly answerMs: number;
  /** Everything together; open requests are cut then, later ones are not put. */
  readonly totalMs: number;
}
export const DEFAULT_PROBE_LIMITS: ProbeLimits = { requestMs: 3000, answerMs: 30_000, totalMs: 60_000 };

/** @param nonce gives a fresh random string (e.g. 12 bytes hex) at each call; at most 64 characters. */
export function probePlan(
  candidates: readonly CandidatePort[],
  nonce: () => string,
  limits: ProbeLimits,
): ProbePlan {
  const questions = (textOf: (nonce: string) => string) =>
    Array.from({ length: NONCES_PER_CANDIDATE }, () => {
      const fresh = nonce();
      return { nonce: fresh, text: textOf(fresh) };
    });
  return {
    limits,
    candidates: candidates.map((candidate) => ({
      ...candidate,
      completions: questions(completionQuestion),
      chats: questions(chatQuestion),
    })),
  };
}
