import {
  changeReplySchema,
  controlAnswerSchema,
  drainReplySchema,
  errorReplySchema,
  importObjectReplySchema,
  importReplySchema,
  journalReplySchema,
  labReplySchema,
  moveOutReplySchema,
  nodesReplySchema,
  objectReplySchema,
  objectsReplySchema,
  problemsReplySchema,
  sides,
  skewBetween,
  UPGRADE_REQUIRED,
  pruneReplySchema,
  stopReplySchema,
  submitReplySchema,
  terminalLine,
  type ChangeRequest,
  type ControlAnswer,
  type importObjectRequestSchema,
  type importRequestSchema,
  type InterveneRequest,
  type NodeId,
  type StudyId,
  type SubmitRequest,
  type TrialId,
} from "@redline/shared";
import type { z } from "zod";
import { CliError, EXIT } from "../exit-codes.ts";
import { nameOf, type Address, type Answer, type Call } from "./http-call.ts";
import { leaderCaller } from "./leader-call.ts";

export type { Address } from "./http-call.ts";

export interface ApiClient {
  /** For people. */
  readonly name: string;
  submit(body: SubmitRequest, signal?: AbortSignal): Promise<{ study: StudyId; warnings: string[] }>;
  journal(after: number, waitMs: number, signal?: AbortSignal): Promise<z.infer<typeof journalReplySchema>>;
  nodes(): Promise<z.infer<typeof nodesReplySchema>["nodes"]>;
  /** The same with what is known of nodes that speak another protocol. */
  allNodes(): Promise<z.infer<typeof nodesReplySchema>>;
  /** Takes a node out of service, or gives it back; what runs there ends by itself. */
  drainNode(node: NodeId, why: Why, drain: boolean): Promise<z.infer<typeof drainReplySchema>>;
  cancelStudy(study: StudyId, why: Why): Promise<z.infer<typeof stopReplySchema>>;
  /** Changes what a running study may use. */
  changeStudy(study: StudyId, change: ChangeRequest): Promise<Changed>;
  pauseStudy(study: StudyId, why: Why): Promise<Changed>;
  resumeStudy(study: StudyId, why: Why): Promise<Changed>;
  cancelTrial(trial: TrialId, why: Why): Promise<z.infer<typeof stopReplySchema>>;
  /** Does something to a running attempt; answers when it took effect, or with why it did not. */
  intervene(trial: TrialId, order: InterveneRequest): Promise<ControlAnswer>;
  stop(why: Why): Promise<z.infer<typeof stopReplySchema>>;
  /** The coordinator's public key. */
  lab(): Promise<{ lab: string; pem: string }>;
  objects(study: string): Promise<{ sha256: string; bytes: number }[]>;
  /** Null where it is not there. */
  object(study: string, sha256: string): Promise<Buffer | null>;
  /** Removes the objects of a study that is over. */
  prune(study: StudyId, why: Why): Promise<z.infer<typeof pruneReplySchema>>;
  /** Ends a study here, to go on in another lab. */
  moveOut(study: StudyId, why: Why): Promise<z.infer<typeof moveOutReplySchema>>;
  importLines(body: z.infer<typeof importRequestSchema>): Promise<z.infer<typeof importReplySchema>>;
  importObject(
    body: z.infer<typeof importObjectRequestSchema>,
  ): Promise<z.infer<typeof importObjectReplySchema>>;
  /** Begins the escape suite on a node; its report is a record. */
  selfTestNode(node: NodeId, why: Why): Promise<ControlAnswer>;
  /** Lifts a node's quarantine after a new look at it; `force`: whatever that finds. */
  clearNode(node: string, order: Why & { readonly force: boolean }): Promise<ControlAnswer>;
}
export interface Why {
  readonly who: string;
  readonly why: string;
}

/** A study as a change left it. */
export type Changed = z.infer<typeof changeReplySchema>;

const ANSWER_MS = 15_000;
/** Ending every cell takes as long as the slowest node. */
const STOP_MS = 60_000;
/** The coordinator itself waits for a node so long, and a little longer. */
const SELF_TEST_MS = 30_000;
const CLEAR_MS = 200_000;
const ACT_MS = 30_000;

/** Client of the coordinator's API. Each call fails with a CliError: 5 unreachable, 2 refused, 1 otherwise. */
export function createApiClient(address: Address): ApiClient {
  const send = leaderCaller(address);
  const call = async <T>(schema: z.ZodType<T>, options: Call): Promise<T> => {
    const answer = await send(options);
    return understand(schema, answer, address, options);
  };
  const post = (path: string, body: unknown, timeoutMs: number) => ({
    method: "POST",
    path,
    body,
    timeoutMs,
  });
  const study = (id: StudyId, what: string) => `/api/studies/${encodeURIComponent(id)}/${what}`;
  const trial = (id: TrialId, what: string) => `/api/trials/${encodeURIComponent(id)}/${what}`;
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
    allNodes: () => call(nodesReplySchema, { method: "GET", path: "/api/nodes", timeoutMs: ANSWER_MS }),
    drainNode: (node, why, drain) =>
      call(
        drainReplySchema,
        post(`/api/nodes/${encodeURIComponent(node)}/${drain ? "drain" : "undrain"}`, why, ANSWER_MS),
      ),
    nodes: async () =>
      (await call(nodesReplySchema, { method: "GET", path: "/api/nodes", timeoutMs: ANSWER_MS })).nodes,
    cancelStudy: (id, why) => call(stopReplySchema, post(study(id, "cancel"), why, STOP_MS)),
    changeStudy: (id, change) => call(changeReplySchema, post(study(id, "change"), change, ANSWER_MS)),
    pauseStudy: (id, why) => call(changeReplySchema, post(study(id, "pause"), why, ANSWER_MS)),
    resumeStudy: (id, why) => call(changeReplySchema, post(study(id, "resume"), why, ANSWER_MS)),
    cancelTrial: (id, why) => call(stopReplySchema, post(trial(id, "cancel"), why, STOP_MS)),
    intervene: (id, order) => call(controlAnswerSchema, post(trial(id, "intervene"), order, ACT_MS)),
    selfTestNode: (node, why) =>
      call(controlAnswerSchema, post(`/api/nodes/${encodeURIComponent(node)}/self-test`, why, SELF_TEST_MS)),
    clearNode: (node, order) =>
      call(controlAnswerSchema, post(`/api/nodes/${encodeURIComponent(node)}/clear`, order, CLEAR_MS)),
    lab: () => call(labReplySchema, { method: "GET", path: "/api/lab", timeoutMs: ANSWER_MS }),
    objects: async (id) => {
      const path = `/api/objects/${encodeURIComponent(id)}`;
      return (await call(objectsReplySchema, { method: "GET", path, timeoutMs: STOP_MS })).objects;
    },
    async object(id, sha256) {
      const path = `/api/objects/${encodeURIComponent(id)}/${sha256}`;
      const options = { method: "GET", path, timeoutMs: STOP_MS };
      const answer = await send(options);
      if (answer.status === 404) return null;
      return Buffer.from(understand(objectReplySchema, answer, address, options).base64, "base64");
    },
    prune: (id, why) => call(pruneReplySchema, post(study(id, "prune"), why, STOP_MS)),
    moveOut: (id, why) => call(moveOutReplySchema, post(study(id, "move-out"), why, STOP_MS)),
    importLines: (body) => call(importReplySchema, post("/api/import", body, STOP_MS)),
    importObject: (body) => call(importObjectReplySchema, post("/api/import/object", body, STOP_MS)),
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
  if (answer.status === 422 || answer.status === 409) {
    const { success, data } = problemsReplySchema.safeParse(json);
    const problems = success ? data.problems : [answer.text];
    throw new CliError(
      EXIT.usage,
      `the coordinator refuses ${path === "/api/studies" ? "the study" : "this"}:\n${problems.map((p) => `  ${terminalLine(p, 500)}`).join("\n")}`,
    );
  }
  const said = errorReplySchema.safeParse(json);
  // In its words, or in ours; an order to stop is understood by both, whatever they speak else.
  const skew =
    answer.protocol === null || path === "/api/stop"
      ? null
      : skewBetween(answer.protocol, sides.clientOfCoordinator);
  const upgrade = answer.status === UPGRADE_REQUIRED && said.success ? said.data.error : skew?.upgrade;
  if (upgrade !== undefined) throw new CliError(EXIT.usage, terminalLine(upgrade, 500));
  // A token that does not do, a node that is none or was silent, nobody who leads: in the coordinator's own words.
  if ([401, 403, 404, 503, 504].includes(answer.status) && said.success)
    throw new CliError(
      answer.status < 500 ? EXIT.usage : EXIT.unexpected,
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
