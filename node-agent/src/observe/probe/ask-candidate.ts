import type { Probe } from "@redline/shared";
import { answerText } from "./answer-text.ts";
import { askHttp, type HttpAnswer } from "./http-question.ts";
import type { CandidatePlan, ProbeLimits, Question } from "./probe-plan.ts";

/** Answers were enough: 16 tokens are told from an echo, and cost a small model milliseconds. */
const COMPLETION = { max_tokens: 16, temperature: 0 };

/**
 * All questions for one port, one at a time, as probes in the order they were put: health, models, completions, chats.
 * A series ends at its first failure, which is recorded: a port that has no such API costs one question.
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

  yield await asProbe("health", port, "", async () => {
    let answer = await get("/health");
    // The first address that speaks HTTP is the one to ask from here on.
    for (const other of plan.addresses.slice(1)) {
      if (answer.status !== 0) break;
      address = other;
      answer = await get("/health");
    }
    return answer;
  });
  if (signal.aborted) return;
  yield await asProbe("models", port, "", () => get("/v1/models"));

  const complete = async ({ text }: Question) => {
    const answer = await post("/v1/completions", { prompt: text, ...COMPLETION });
    if (answer.status !== 404) return answer;
    return post("/v1/chat/completions", { messages: [{ role: "user", content: text }], ...COMPLETION });
  };
  yield* series("completion", plan.completions, complete);
  yield* series("chat", plan.chats, ({ text }) => post("/chat", { message: text }));

  async function* series(
    kind: Probe["kind"],
    questions: readonly Question[],
    ask: (q: Question) => Promise<HttpAnswer>,
  ) {
    for (const question of questions) {
      if (signal.aborted) return;
      const probe = await asProbe(kind, port, question.nonce, () => ask(question));
      yield probe;
      if (probe.status !== 200 || probe.error !== "") return;
    }
  }
}

async function asProbe(
  kind: Probe["kind"],
  port: number,
  nonce: string,
  ask: () => Promise<HttpAnswer>,
): Promise<Probe> {
  const askedAt = new Date().toISOString();
  const start = performance.now();
  const { status, body, error } = await ask();
  const tookMs = performance.now() - start;
  return { kind, port, nonce, askedAt, tookMs, status, error, ...answerText(kind, body) };
}
