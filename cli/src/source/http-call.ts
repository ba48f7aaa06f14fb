import { request as httpRequest, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { PROTOCOL, PROTOCOL_HEADER, protocolOfHeader, terminalLine } from "@redline/shared";
import { CliError, EXIT } from "../exit-codes.ts";

/** Where a coordinator listens. */
export type Address =
  | { readonly socketPath: string }
  /** `token`: of the coordinator's HTTP API. */
  | { readonly url: string; readonly token?: string };

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}
export interface Answer {
  readonly status: number;
  readonly text: string;
  /** What the coordinator speaks; null: it did not say. */
  readonly protocol: number | null;
}

const MAX_ANSWER_BYTES = 67_108_864;

/** One request and its whole answer, with a time limit. @throws CliError when nobody answers. */
export function send(address: Address, call: Call): Promise<Answer> {
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  const options: RequestOptions = {
    method: call.method,
    // One connection a call: nothing is left open that would keep the process alive.
    agent: false,
    ...(call.signal === undefined ? {} : { signal: call.signal }),
    headers: {
      [PROTOCOL_HEADER]: String(PROTOCOL),
      ...("token" in address ? { authorization: `Bearer ${address.token}` } : {}),
      ...(body === undefined
        ? {}
        : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
    },
  };
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) => reject(unreachable(address, cause));
    const request =
      "socketPath" in address
        ? httpRequest({ ...options, socketPath: address.socketPath, path: call.path })
        : new URL(address.url).protocol === "https:"
          ? httpsRequest(new URL(call.path, address.url), options)
          : httpRequest(new URL(call.path, address.url), options);
    const timer = setTimeout(
      () => request.destroy(new Error(`no answer within ${call.timeoutMs / 1000} s`)),
      call.timeoutMs,
    );
    request.once("close", () => clearTimeout(timer));
    request.once("error", fail);
    request.once("response", (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.once("error", fail);
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_ANSWER_BYTES) request.destroy(new Error("the answer is too large"));
        else chunks.push(chunk);
      });
      response.once("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString("utf8"),
          protocol: protocolOfHeader(response.headers[PROTOCOL_HEADER]),
        }),
      );
    });
    request.end(body);
  });
}

function unreachable(address: Address, cause: Error): CliError {
  return new CliError(
    EXIT.unreachable,
    `the coordinator at ${terminalLine(nameOf(address))} cannot be reached: ${terminalLine(cause.message)}`,
    {
      remedy:
        "start one with `redline lab` or `redline run STUDY`, or name another with --url or --socket; " +
        "to read a finished run's journal from disk use --state DIR",
      cause,
    },
  );
}

/** For people. */
export const nameOf = (address: Address) =>
  "socketPath" in address ? `unix:${address.socketPath}` : address.url;
