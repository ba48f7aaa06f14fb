import { request as httpRequest, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import {
  journalReplySchema,
  nodesReplySchema,
  problemsReplySchema,
  stopReplySchema,
  submitReplySchema,
  terminalLine,
  type StudyId,
  type SubmitRequest,
} from "@redline/shared";
import { z } from "zod";
import { CliError, EXIT } from "../exit-codes.ts";

/** Where a coordinator listens. */
export type Address = { readonly socketPath: string } | { readonly url: string };

export interface ApiClient {
  /** For people. */
  readonly name: string;
  submit(body: SubmitRequest, signal?: AbortSignal): Promise<StudyId>;
  journal(after: number, waitMs: number, signal?: AbortSignal): Promise<z.infer<typeof journalReplySchema>>;
  nodes(): Promise<z.infer<typeof nodesReplySchema>["nodes"]>;
  cancelStudy(study: StudyId, why: Why): Promise<z.infer<typeof stopReplySchema>>;
  stop(why: Why): Promise<z.infer<typeof stopReplySchema>>;
}
export interface Why {
  readonly who: string;
  readonly why: string;
}

const ANSWER_MS = 15_000;
/** Ending every cell takes as long as the slowest node. */
const STOP_MS = 60_000;
const MAX_ANSWER_BYTES = 67_108_864;

/** Client of the coordinator's API. Each call fails with a CliError: 5 unreachable, 2 refused, 1 otherwise. */
export function createApiClient(address: Address): ApiClient {
  const call = async <T>(schema: z.ZodType<T>, options: Call): Promise<T> => {
    const answer = await send(address, options);
    return understand(schema, answer, address, options);
  };
  const post = (path: string, body: unknown, timeoutMs: number) => ({
    method: "POST",
    path,
    body,
    timeoutMs,
  });
  return {
    name: nameOf(address),
    submit: async (body, signal) =>
      (await call(submitReplySchema, { ...post("/api/studies", body, ANSWER_MS), signal })).study,
    journal: (after, waitMs, signal) =>
      call(journalReplySchema, {
        method: "GET",
        path: `/api/journal?after=${after}&waitMs=${waitMs}`,
        timeoutMs: waitMs + ANSWER_MS,
        signal,
      }),
    nodes: async () =>
      (await call(nodesReplySchema, { method: "GET", path: "/api/nodes", timeoutMs: ANSWER_MS })).nodes,
    cancelStudy: (study, why) =>
      call(stopReplySchema, post(`/api/studies/${encodeURIComponent(study)}/cancel`, why, STOP_MS)),
    stop: (why) => call(stopReplySchema, post("/api/stop", why, STOP_MS)),
  };
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}
interface Answer {
  readonly status: number;
  readonly text: string;
}

function understand<T>(schema: z.ZodType<T>, answer: Answer, address: Address, { path }: Call): T {
  const place = `${nameOf(address)} ${path.replace(/\?.*/, "")}`;
  let json: unknown = null;
  try {
    json = JSON.parse(answer.text);
  } catch {
    // Handled below as an answer of the wrong form.
  }
  if (answer.status === 422) {
    const { success, data } = problemsReplySchema.safeParse(json);
    const problems = success ? data.problems : [answer.text];
    throw new CliError(
      EXIT.usage,
      `the coordinator refuses the study:\n${problems.map((p) => `  ${terminalLine(p, 500)}`).join("\n")}`,
    );
  }
  if (answer.status >= 400)
    throw new CliError(
      EXIT.unexpected,
      `${place} answered HTTP ${answer.status}: ${terminalLine(answer.text, 300)}`,
    );
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new CliError(EXIT.unexpected, `${place} gave an answer that this version does not understand`, {
    remedy: "check that the coordinator and this command are of the same version",
    cause: parsed.error,
  });
}

function send(address: Address, call: Call): Promise<Answer> {
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  const options: RequestOptions = {
    method: call.method,
    // One connection a call: nothing is left open that would keep the process alive.
    agent: false,
    ...(call.signal === undefined ? {} : { signal: call.signal }),
    ...(body === undefined
      ? {}
      : { headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) } }),
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
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
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

const nameOf = (address: Address) => ("socketPath" in address ? `unix:${address.socketPath}` : address.url);
