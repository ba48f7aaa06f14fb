import { request } from "node:http";
import { text } from "node:stream/consumers";
import type { SelfAnswer } from "./self-brain.ts";

/** Process entry, in the cell's network namespace: one question on stdin, what came of it as a line on stdout. */
interface Plan {
  readonly address: string;
  readonly port: number;
  readonly path: string;
  /** Body of a POST; a GET without. */
  readonly json?: unknown;
  readonly timeoutMs: number;
  readonly answerBytes: number;
}

const isPlan = (value: unknown): value is Plan =>
  typeof value === "object" && value !== null && "address" in value && "answerBytes" in value;

const plan: unknown = JSON.parse(await text(process.stdin));
// The daemon that started this process wrote the plan: nothing of it comes from the cell.
if (!isPlan(plan)) throw new Error("no plan on stdin");
process.stdout.write(`${JSON.stringify(await ask(plan))}\n`);

/** No redirect is followed. Never rejects. */
function ask({ address, port, path, json, timeoutMs, answerBytes }: Plan): Promise<SelfAnswer> {
  const payload = json === undefined ? undefined : JSON.stringify(json);
  const parts: Buffer[] = [];
  let status = 0;
  let size = 0;
  return new Promise((resolve) => {
    const settle = (error: string) => {
      clearTimeout(timer);
      asked.destroy();
      resolve({ status, answer: Buffer.concat(parts).toString("utf8"), error: error.slice(0, 300) });
    };
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
    asked.end(payload);
  });
}
