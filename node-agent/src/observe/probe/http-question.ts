import { request } from "node:http";

export interface HttpQuestion {
  readonly address: string;
  readonly port: number;
  readonly path: string;
  /** Body of a POST; without one it is a GET. */
  readonly json?: unknown;
  readonly timeoutMs: number;
  /** Most of the answer's body that is read, BODY_LIMIT_BYTES without it. */
  readonly bodyBytes?: number;
  /** Ends every request of the child. */
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  /** 0 when no HTTP answer came. */
  readonly status: number;
  readonly body: string;
  /** Empty, or why the answer is missing or cut. */
  readonly error: string;
}

/** More than any honest answer of 16 tokens. */
export const BODY_LIMIT_BYTES = 64 * 1024;

/**
 * One request on a connection of its own, to an IP address, no redirect followed. Never rejects: whatever
 * the other side does (hang, drip, garbage, endless body) is an answer with an error.
 */
export function askHttp(question: HttpQuestion): Promise<HttpAnswer> {
  const { address: host, port, path, json, timeoutMs, bodyBytes = BODY_LIMIT_BYTES, signal } = question;
  const payload = json === undefined ? undefined : JSON.stringify(json);
  return new Promise((resolve) => {
    let status = 0;
    let size = 0;
    const parts: Buffer[] = [];
    const settle = (error: string) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      asked.destroy();
      resolve({ status, body: Buffer.concat(parts).toString("utf8"), error: error.slice(0, 300) });
    };
    const onAbort = () => settle("the time for all questions is up");
    const timer = setTimeout(() => settle(`no complete answer within ${timeoutMs} ms`), timeoutMs);
    const headers =
      payload === undefined
        ? {}
        : { "content-type": "application/json", "content-length": Buffer.byteLength(payload) };
    const asked = request({
      host,
      port,
      path,
      headers,
      method: payload === undefined ? "GET" : "POST",
      agent: false,
      maxHeaderSize: 16_384,
    });
    asked.on("response", (response) => {
      status = response.statusCode ?? 0;
      response.on("data", (bytes: Buffer) => {
        parts.push(bytes.subarray(0, bodyBytes - size));
        size += bytes.length;
        if (size > bodyBytes) settle(`answer of more than ${bodyBytes} bytes`);
      });
      response.on("end", () => settle(""));
      // A connection cut in the middle of a body.
      response.on("error", (error) => settle(error.message));
    });
    // After `settle` has destroyed the socket this fires once more; a promise settles only once.
    asked.on("error", (error) => settle(error.message));
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    asked.end(payload);
  });
}
