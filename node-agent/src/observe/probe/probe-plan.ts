import { chatQuestion, completionQuestion, NONCES_PER_CANDIDATE } from "@redline/shared";
import type { CandidatePort } from "../candidate-ports.ts";

/** What the probe child gets on stdin, as one JSON text. It holds finished texts, so that the child loads nothing but HTTP. */
export interface ProbePlan {
  readonly candidates: readonly CandidatePlan[];
  readonly limits: ProbeLimits;
}
export interface CandidatePlan extends CandidatePort {
  /** In the order they are put; the first nonce comes once more at the end. */
  readonly completions: readonly Question[];
  readonly chats: readonly Question[];
  /** Whether the list of models is asked for too. */
  readonly models: boolean;
}

/** What a port is to be asked, where it is known what it is. */
export interface Wanted {
  readonly port: number;
  readonly kind: "completion" | "chat";
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

const REQUEST_MS = 3000;
const ANSWER_MS = 30_000;
const MOST_TOTAL_MS = 600_000;
/** Health at two addresses, and models. */
const REQUESTS = 3;
/** Completions, one of them a repetition, and chats. */
const QUESTIONS = 2 * NONCES_PER_CANDIDATE + 1;
/** Probes that one candidate can leave: health, models and the questions. */
export const MOST_PROBES_PER_CANDIDATE = 2 + QUESTIONS;

/**
 * Total = candidates * (3 * requestMs + 7 * answerMs), at most 10 minutes: each question may take its own full time even
 * if one machine answers all candidates one after another. Only answers that are really so slow use it up; a
 * server that hangs is given up after one question of each kind.
 */
export function limitsFor(candidates: number): ProbeLimits {
  const each = REQUESTS * REQUEST_MS + QUESTIONS * ANSWER_MS;
  return {
    requestMs: REQUEST_MS,
    answerMs: ANSWER_MS,
    totalMs: Math.min(MOST_TOTAL_MS, Math.max(1, candidates) * each),
  };
}

/**
 * @param nonce gives a fresh random string (e.g. 12 bytes hex) at each call; at most 64 characters.
 * @param wanted absent: everything to every port.
 */
export function probePlan(
  candidates: readonly CandidatePort[],
  nonce: () => string,
  limits: ProbeLimits,
  wanted?: readonly Wanted[],
): ProbePlan {
  const questions = (textOf: (nonce: string) => string) =>
    Array.from({ length: NONCES_PER_CANDIDATE }, () => {
      const fresh = nonce();
      return { nonce: fresh, text: textOf(fresh) };
    });
  return {
    limits,
    candidates: candidates.map((candidate) => {
      const isWanted = (kind: Wanted["kind"]) =>
        wanted?.some((w) => w.port === candidate.port && w.kind === kind) ?? true;
      const completions = isWanted("completion") ? questions(completionQuestion) : [];
      return {
        ...candidate,
        completions: [...completions, ...completions.slice(0, 1)],
        chats: isWanted("chat") ? questions(chatQuestion) : [],
        models: wanted === undefined,
      };
    }),
  };
}
