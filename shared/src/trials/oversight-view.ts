import type { NodeRecord } from "../journal/node-record.ts";
import type { ApprovalBody, OversightRecordBody } from "../journal/oversight-record.ts";
import { limitsSchema, type Limits } from "../study/study-schema.ts";

/** What an attempt's talk with its brain came to, and who looked on. */
export interface AttemptOversight {
  /** Limits of its study when it was placed, which its order names: a person may have changed them since. */
  readonly orderedLimits: Limits;
  given: Extract<OversightRecordBody, { kind: "given" }> | null;
  /** Of the agent, and in a chain of the copy. */
  exchanges: number;
  /** US dollars; null once an exchange had no price. */
  costUsd: number | null;
  promptTokens: number;
  completionTokens: number;
  /** Waiting to ask the brain again, ms. */
  waitedMs: number;
  noticed: boolean;
  paused: boolean;
  /** Newest approval record by id: those still `asked` wait for a person. */
  readonly approvals: Map<string, ApprovalBody & { readonly at: string }>;
  /** What a person did that the agent could notice: messages, and denied actions. */
  readonly interfered: { readonly at: string; readonly who: string; readonly what: string }[];
}

/** Of an attempt that was just placed; the limits are the defaults where no study says others. */
export const emptyOversight = (orderedLimits: Limits = limitsSchema.parse({})): AttemptOversight => ({
  orderedLimits,
  given: null,
  exchanges: 0,
  costUsd: 0,
  promptTokens: 0,
  completionTokens: 0,
  waitedMs: 0,
  noticed: false,
  paused: false,
  approvals: new Map(),
  interfered: [],
});

/** Questions of the approval policy that wait for a person. */
export const waitingApprovals = ({
  endedAt,
  approvals,
}: Pick<AttemptOversight, "approvals"> & { readonly endedAt: string | null }) =>
  endedAt === null ? [...approvals.values()].filter(({ decision }) => decision === "asked") : [];

/** Applies one record of the origin, or of a chain's copy on the target: what the two used adds up. Other kinds change nothing. */
export function foldOversight(view: AttemptOversight, { body, at }: Pick<NodeRecord, "body" | "at">): void {
  switch (body.kind) {
    case "given":
      view.given = body;
      break;
    case "exchange":
      view.exchanges += 1;
      view.promptTokens += body.promptTokens;
      view.completionTokens += body.completionTokens;
      view.waitedMs += body.waitedMs;
      view.costUsd = view.costUsd === null || body.costUsd === null ? null : view.costUsd + body.costUsd;
      break;
    case "noticed":
      view.noticed = true;
      break;
    case "approval": {
      view.approvals.set(body.id, { ...body, at });
      const byPerson = body.decision === "deny" && body.who !== "policy" && body.who !== "nobody";
      if (byPerson) view.interfered.push({ at, who: body.who, what: "denied an action" });
      break;
    }
    case "intervened": {
      const { who, act } = body;
      if (act.do === "pause" || act.do === "resume") view.paused = act.do === "pause";
      if (act.do === "message") view.interfered.push({ at, who, what: "sent a message" });
      break;
    }
    default:
  }
}
