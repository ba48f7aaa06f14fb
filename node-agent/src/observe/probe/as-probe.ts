import type { Probe } from "@redline/shared";
import { answerText } from "./answer-text.ts";
import type { HttpAnswer } from "./http-question.ts";

/** Spelled as `ranOutOfTime` of the shared package knows it; the children load nothing of that package. */
const NOT_ASKED = "not asked: time is up";

/** Puts one question and makes a probe of what came of it; once the signal has aborted it is recorded as not asked. */
export async function asProbe(
  kind: Probe["kind"],
  port: number,
  nonce: string,
  signal: AbortSignal,
  ask: () => Promise<HttpAnswer>,
): Promise<Probe> {
  const askedAt = new Date().toISOString();
  const unasked = {
    kind,
    port,
    nonce,
    askedAt,
    tookMs: 0,
    status: 0,
    answer: "",
    model: "",
    error: NOT_ASKED,
  };
  if (signal.aborted) return unasked;
  const start = performance.now();
  const { status, body, error } = await ask();
  const tookMs = performance.now() - start;
  const said = answerText(kind, body);
  // Without an HTTP answer there is no body whose shape could be wrong, and a cut one has its own error.
  const wrong = error === "" && status !== 0 ? said.error : error;
  return { kind, port, nonce, askedAt, tookMs, status, ...said, error: wrong };
}
