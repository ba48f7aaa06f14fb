import type { Probe } from "@redline/shared";
import { asProbe } from "./as-probe.ts";
import { askCompletion } from "./ask-completion.ts";
import { askHttp, type HttpAnswer } from "./http-question.ts";
import type { OncePlan } from "./once-plan.ts";

/**
 * Puts the question of the plan; all its requests share one time limit. That the time is over counts as the server's failure,
 * as it must for a question whose point is that nothing answers. The signal is for a question that nobody waits for any more.
 */
export function putOnce(plan: OncePlan, signal: AbortSignal): Promise<Probe> {
  const { port, addresses, timeoutMs, text, path = "/health" } = plan;
  const start = performance.now();
  const leftMs = () => Math.ceil(timeoutMs - (performance.now() - start));
  const request = (address: string, to: string, json: unknown) =>
    askHttp({ address, port, path: to, json, timeoutMs: Math.max(1, leftMs()), signal });

  return asProbe(plan.read === "plain" ? "health" : plan.read, port, plan.nonce, signal, async () => {
    let answer: HttpAnswer = { status: 0, body: "", error: "there is no address to ask" };
    for (const address of addresses) {
      answer = await (text === undefined
        ? request(address, path, plan.json)
        : askCompletion((to, json) => request(address, to, json), text));
      if (answer.status !== 0 || leftMs() <= 0) break;
    }
    return answer;
  });
}
