import { request } from "node:http";
import type { SelfAnswer } from "./self-brain.ts";

/** One question of the agent to the original's model server. */
export interface SelfPlan {
  readonly address: string;
  readonly port: number;
  readonly path: string;
  /** Body of a POST; a GET without. */
  readonly json?: unknown;
  readonly timeoutMs: number;
  readonly answerBytes: number;
}

/** Asked by the prober, in the cell's network namespace. No redirect is followed. Never rejects. */
export function askOriginal(plan: SelfPlan, signal: AbortSignal): Promise<SelfAnswer> {
  const { address, port, path, json, timeoutMs, answerBytes } = plan;
  const payload = json === undefined ? undefined : JSON.stringify(json);
  const parts: Buffer[] = [];
  let status = 0;
  let size = 0;
  return new Promise((resolve) => {
    const settle = (error: string) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      asked.destroy();
      resolve({ status, answer: Buffer.concat(parts).toString("utf8"), error: error.slice(0, 300) });
    };
    const onAbort = () => settle("given up");
    const timer = setTimeout(() => settle(`no complete answer within ${timeoutMs} ms`), timeoutMs);
    const asked = request({
      ...{ host: address, port, path, agent: false },
      method: payload === undefined ? "GET" : "POST",
      headers:
        payload === undefined
          ? {}
          : { "content-type": "application/json", "content-length": Buffer.byteLength(payload) },
    });
    asked.on("response", (response) => {
      status = response.statusCode ?? 0;
      response.on("data", (bytes: Buffer) => {
        parts.push(bytes.subarray(0, answerBytes - size));
        size = Math.min(answerBytes, size + bytes.length);
        if (size === answerBytes) settle(`answer of ${answerBytes} bytes or more`);
      });
      response.on("end", () => settle(""));
      response.on("error", (error) => settle(error.message));
    });
    asked.on("error", (error) => settle(error.message));
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    asked.end(payload);
  });
}
