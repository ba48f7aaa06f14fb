import { ranOutOfTime, type Probe } from "./probe.ts";
import { isEcho, withoutNonce } from "./echo.ts";

/** The text put to a model's completion API. The nonce makes a stored answer useless. */
export const completionQuestion = (nonce: string) => `Code word ${nonce}. A short line about it:`;
/** The text put to a copy's agent. */
export const chatQuestion = (nonce: string) => `Hello. My code word is ${nonce}. Say a short line about it.`;

/**
 * How many fresh nonces each candidate gets of each kind at each moment. The first of the completion nonces is put a second
 * time at the end: completions are asked at temperature 0. Chats are not repeated, an agent may have any temperature.
 */
export const NONCES_PER_CANDIDATE = 3;

/** `unasked`: the instrument did not put the questions; that says nothing about the server. */
export type AnswerQuality =
  { readonly ok: true } | { readonly ok: false; readonly why: string; readonly unasked?: true };

/**
 * Whether answers to several nonces can come from something that computes an answer: all given, no
 * echo of the question, not one fixed text, and the same again where a nonce was put twice. A forwarder passes; that
 * is another rung's work. What a server did wrong counts before what it was not asked.
 */
export function judgeAnswers(probes: readonly Probe[], questionOf: (nonce: string) => string): AnswerQuality {
  const put = probes.filter((p) => !ranOutOfTime(p));
  const failed = put.find((p) => p.status !== 200 || p.error !== "");
  if (failed !== undefined) return { ok: false, why: whyFailed(failed) };
  if (put.some((p) => p.answer.trim() === "")) return { ok: false, why: "an empty answer" };
  if (put.some((p) => isEcho(p.answer, questionOf(p.nonce), p.nonce)))
    return { ok: false, why: "the question came back: an echo" };
  const nonces = new Set(put.map((p) => p.nonce));
  if (nonces.size > 1 && new Set(put.map(ownText)).size === 1)
    return { ok: false, why: "the same text for every nonce: a canned answer" };
  if (put.some((p, i) => put.slice(i + 1).some((q) => q.nonce === p.nonce && !agree(p, q, put))))
    return { ok: false, why: "another answer to the same question: it does not depend on the question" };
  const late = probes.find(ranOutOfTime);
  if (late !== undefined) return { ok: false, why: late.error, unasked: true };
  if (nonces.size < 2) return { ok: false, why: "fewer than two questions were put", unasked: true };
  return { ok: true };
}

/** Whether one single question was answered by something; of what answers, only several questions can tell. */
export const isAnswered = (probe: Probe, questionOf: (nonce: string) => string): boolean =>
  probe.status === 200 &&
  probe.error === "" &&
  probe.answer.trim() !== "" &&
  !isEcho(probe.answer, questionOf(probe.nonce), probe.nonce);

/** Characters that two answers to one question must share beyond what answers to different questions share. */
const SHARED_AT_LEAST = 8;

/**
 * Whether two answers to one question at temperature 0 are one model's. Real servers are not fully deterministic (batching
 * changes the order of sums), and once a token differs the rest does: so a late difference is allowed. A bare
 * common prefix is not enough: the time, a counter and "Request 7 at ..." have one as well, but they have it with the answers to other
 * questions too. So the two must agree for some characters beyond every prefix that either shares with an
 * answer to another question. For random text to do so by chance is about as likely as a guess of 8 characters.
 */
function agree(a: Probe, b: Probe, all: readonly Probe[]): boolean {
  if (ownText(a) === ownText(b)) return true;
  const others = all.filter((p) => p.nonce !== a.nonce).map(ownText);
  const shared = Math.max(
    0,
    ...others.flatMap((other) => [a, b].map((p) => commonPrefix(ownText(p), other))),
  );
  return commonPrefix(ownText(a), ownText(b)) >= shared + SHARED_AT_LEAST;
}

const ownText = (probe: Probe) => withoutNonce(probe.answer, probe.nonce);

function commonPrefix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}

function whyFailed({ status, error }: Probe): string {
  if (status === 0 || status === 200) return error === "" ? "no HTTP answer" : error;
  return `HTTP status ${status}${error === "" ? "" : `, ${error}`}`;
}
