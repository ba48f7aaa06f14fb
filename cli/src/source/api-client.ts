import {
  controlAnswerSchema,
  errorReplySchema,
  journalReplySchema,
  nodesReplySchema,
  problemsReplySchema,
  stopReplySchema,
  submitReplySchema,
  terminalLine,
  type ControlAnswer,
  type NodeId,
  type StudyId,
  type SubmitRequest,
} from "@redline/shared";
import type { z } from "zod";
import { CliError, EXIT } from "../exit-codes.ts";
import { nameOf, send, type Address, type Answer, type Call } from "./http-call.ts";

export type { Address } from "./http-call.ts";

export interface ApiClient {
  /** For people. */
  readonly name: string;
  submit(body: SubmitRequest, signal?: AbortSignal): Promise<{ study: StudyId; warnings: string[] }>;
  journal(after: number, waitMs: number, signal?: AbortSignal): Promise<z.infer<typeof journalReplySchema>>;
  nodes(): Promise<z.infer<typeof nodesReplySchema>["nodes"]>;
  cancelStudy(study: StudyId, why: Why): Promise<z.infer<typeof stopReplySchema>>;
  stop(why: Why): Promise<z.infer<typeof stopReplySchema>>;
  /** Begins the escape suite on a node; its report is a record. */
  selfTestNode(node: NodeId, why: Why): Promise<ControlAnswer>;
  /** Lifts a node's quarantine after a new look at it; `force`: whatever that finds. */
  clearNode(node: string, order: Why & { readonly force: boolean }): Promise<ControlAnswer>;
}
export interface Why {
  readonly who: string;
  readonly why: string;
}

const ANSWER_MS = 15_000;
/** Ending every cell takes as long as the slowest node. */
const STOP_MS = 60_000;
/** The coordinator itself waits for a node so long, and a little longer. */
const SELF_TEST_MS = 30_000;
const CLEAR_MS = 200_000;

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
    submit: (body, signal) => call(submitReplySchema, { ...post("/api/studies", body, ANSWER_MS), signal }),
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
    selfTestNode: (node, why) =>
      call(controlAnswerSchema, post(`/api/nodes/${encodeURIComponent(node)}/self-test`, why, SELF_TEST_MS)),
    clearNode: (node, order) =>
      call(controlAnswerSchema, post(`/api/nodes/${encodeURIComponent(node)}/clear`, order, CLEAR_MS)),
    stop: (why) => call(stopReplySchema, post("/api/stop", why, STOP_MS)),
  };
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
  const said = errorReplySchema.safeParse(json);
  // A node that is none, or that was silent: in the coordinator's own words.
  if ((answer.status === 404 || answer.status === 504) && said.success)
    throw new CliError(
      answer.status === 404 ? EXIT.usage : EXIT.unexpected,
      terminalLine(said.data.error, 500),
    );
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
