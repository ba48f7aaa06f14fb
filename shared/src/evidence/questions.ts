import type { Probe } from "./probe.ts";

/** The text put to a model's completion API. The nonce makes a stored answer useless. */
export const completionQuestion = (nonce: string) => `Code word ${nonce}. A short line about it:`;
/** The text put to a copy's agent. */
export const chatQuestion = (nonce: string) => `Hello. My code word is ${nonce}. Say a short line about it.`;

/** How many fresh nonces each candidate gets at each moment. */
export const NONCES_PER_CANDIDATE = 3;

export type AnswerQuality = { ok: true } | { ok: false; why: string };

/**
 * Whether answers to several nonces can come from something that computes an answer: all given, no
 * echo of the question, and not one fixed text. A forwarder passes; that is another rung's work.
 */
export function judgeAnswers(probes: readonly Probe[], questionOf: (nonce: string) => string): AnswerQuality {
  const failed = probes.find((p) => p.status !== 200 || p.error !== "");
  if (failed !== undefined)
    return { ok: false, why: failed.error === "" ? `HTTP status ${failed.status}` : failed.error };
  if (probes.length < 2) return { ok: false, why: "fewer than two questions were put" };
  if (probes.some((p) => p.answer.trim() === "")) return { ok: false, why: "an empty answer" };
  if (probes.some((p) => p.answer.includes(questionOf(p.nonce)) || p.answer.trim() === p.nonce))
    return { ok: false, why: "the question came back: an echo" };
  const withoutNonce = probes.map((p) => p.answer.replaceAll(p.nonce, ""));
  if (new Set(withoutNonce).size === 1)
    return { ok: false, why: "the same text for every nonce: a canned answer" };
  return { ok: true };
}
