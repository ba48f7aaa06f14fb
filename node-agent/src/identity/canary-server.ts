import { askHttp, type HttpAnswer } from "../observe/probe/http-question.ts";
import type { CanaryPlan } from "./canary-plan.ts";

const HEALTH_MS = 3000;

/** Puts one body to `/v1/completions` of the planned port. */
export type AskServer = (json: unknown) => Promise<HttpAnswer>;

/** The planned server at the first of its addresses that speaks HTTP; one address is taken as it is. */
export async function serverAt(plan: CanaryPlan, signal: AbortSignal): Promise<AskServer> {
  const { port, addresses, answerMs } = plan;
  let found = addresses[0] ?? "127.0.0.1";
  if (addresses.length > 1)
    for (const address of addresses) {
      const { status } = await askHttp({ address, port, path: "/health", timeoutMs: HEALTH_MS, signal });
      if (status === 0) continue;
      found = address;
      break;
    }
  return (json) =>
    askHttp({ address: found, port, path: "/v1/completions", json, timeoutMs: answerMs, signal });
}

/** Why an answer cannot be read at all; empty where it can. */
export function whyNoAnswer({ status, error }: HttpAnswer): string {
  if (error !== "" || status === 0) return error === "" ? "no HTTP answer" : error;
  return status === 200 ? "" : `HTTP status ${status}`;
}
