import type { Probe } from "@redline/shared";
import { askCompletion } from "./ask-completion.ts";
import { asProbe } from "./as-probe.ts";
import { askHttp } from "./http-question.ts";
import type { CandidatePlan, ProbeLimits } from "./probe-plan.ts";
import { questionOrder } from "./question-order.ts";

/**
 * All questions for one port, one at a time, as probes in the order they were put: health, models, then a completion and a chat
 * in turn, so that a slow answer to one kind does not leave the other unasked. A kind ends at its first failure, which is
 * recorded: a port that has no such API costs one question. What the signal leaves no time for is recorded as not asked.
 */
export async function* askCandidate(
  plan: CandidatePlan,
  limits: ProbeLimits,
  signal: AbortSignal,
): AsyncGenerator<Probe, void> {
  let address = plan.addresses[0] ?? "127.0.0.1";
  const { port } = plan;
  const get = (path: string) => askHttp({ address, port, path, timeoutMs: limits.requestMs, signal });
  const post = (path: string, json: unknown) =>
    askHttp({ address, port, path, json, timeoutMs: limits.answerMs, signal });

  yield await asProbe("health", port, "", signal, async () => {
    let answer = await get("/health");
    // The first address that speaks HTTP is the one to ask from here on.
    for (const other of plan.addresses.slice(1)) {
      if (answer.status !== 0) break;
      address = other;
      answer = await get("/health");
    }
    return answer;
  });
  if (plan.models) yield await asProbe("models", port, "", signal, () => get("/v1/models"));

  const ask = {
    completion: (text: string) => askCompletion(post, text),
    chat: (text: string) => post("/chat", { message: text }),
  };
  const failed = new Set<Probe["kind"]>();
  for (const { kind, question } of questionOrder(plan)) {
    if (failed.has(kind)) continue;
    const probe = await asProbe(kind, port, question.nonce, signal, () => ask[kind](question.text));
    yield probe;
    // A failure for want of time is none of the server's: the rest of its kind is recorded as not asked.
    if ((probe.status !== 200 || probe.error !== "") && !signal.aborted) failed.add(kind);
  }
}
