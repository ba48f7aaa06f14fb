import { z } from "zod";
import type { NodeRecord } from "../journal/node-record.ts";
import type { ExchangeBody } from "../journal/oversight-record.ts";
import type { AttemptView } from "../trials/trial-view.ts";
import { parseShell } from "./parse-shell.ts";
import { refTo } from "./sign.ts";
import type { Talk, TalkAction, TalkExchange, TalkTool, TalkTurn } from "./talk.ts";

/** Most actions of one attempt that are read; a daemon takes in no more events. */
const MOST_ACTIONS = 5000;

const textSchema = z.string().catch("");
const eventSchema = z.object({
  event: z.string(),
  turn: z.int().min(0).max(1_000_000).optional().catch(undefined),
  text: textSchema,
  tool: textSchema,
  exit: z.union([z.string(), z.number()]).transform(String).catch(""),
  output: textSchema,
  input: z.unknown().optional(),
  port: z.int().nullable().catch(null),
});
const inputSchema = z.object({
  command: textSchema,
  background: z.boolean().catch(false),
  message: textSchema,
});
const TOOLS: readonly TalkTool[] = ["run_command", "read_background", "finish"];

interface Answered {
  readonly record: NodeRecord;
  readonly body: ExchangeBody;
}
type Open<T> = { -readonly [K in keyof T]: T[K] };
type OpenTurn = Omit<Open<TalkTurn>, "actions"> & { actions: Open<TalkAction>[] };

/** Puts an attempt's turns together from its records. Only records of the origin's node speak for the agent. */
export function readTalk({ records, devices }: Pick<AttemptView, "records" | "devices">): Talk {
  const own = records.filter((r) => r.node === devices.origin).toSorted((a, b) => a.seq - b.seq);
  const exchanges = own.flatMap((record) =>
    record.body.kind === "exchange" ? [{ record, body: record.body }] : [],
  );
  const answered = exchanges.filter(({ body }) => body.reply !== undefined);
  const { turns, claims, agentPort } = fromEvents(own);
  const heard = turns.filter((t) => t.text !== "" || t.actions.length > 0).length;
  if (heard === 0 && answered.length > 0)
    return { ...fromExchanges(answered), agentPort, from: "exchanges", doubt: null };
  joinExchanges(turns, answered);
  const doubt =
    answered.length === 0 || turns.length <= answered.length
      ? null
      : `the agent's events name ${turns.length} turns, its brain gave ${answered.length} answers: events may be forged`;
  return { turns, claims, agentPort, from: turns.length === 0 ? "nothing" : "events", doubt };
}

function fromEvents(records: readonly NodeRecord[]): {
  turns: OpenTurn[];
  claims: Open<Talk["claims"][number]>[];
  agentPort: number | null;
} {
  const turns: OpenTurn[] = [];
  const claims: Open<Talk["claims"][number]>[] = [];
  const waiting: Open<TalkAction>[] = [];
  let actions = 0;
  let taken = 0;
  let agentPort: number | null = null;
  const begin = (record: NodeRecord, turn: number, text: string) => {
    turns.push({ turn, record: refTo(record), text, actions: [], exchange: null });
  };
  for (const record of records) {
    if (record.body.kind !== "agent-event") continue;
    const parsed = eventSchema.safeParse(record.body.event);
    if (!parsed.success) continue;
    const { event, text, tool, exit, output, input, turn = turns.at(-1)?.turn ?? 0 } = parsed.data;
    if (event === "started") agentPort ??= parsed.data.port;
    if (event === "turn") begin(record, turn, text);
    if (event === "claim") claims.push({ turn, text, record: refTo(record) });
    if (event === "action" && actions < MOST_ACTIONS) {
      actions += 1;
      if (turns.at(-1)?.turn !== turn) begin(record, turn, "");
      const action = actionOf(record, turn, tool, input);
      turns.at(-1)?.actions.push(action);
      if (action.tool !== "finish") waiting.push(action);
    }
    const asked = waiting[taken];
    if (event === "result" && asked !== undefined) {
      asked.result = { exit, output, record: refTo(record) };
      taken += 1;
    }
  }
  return { turns, claims, agentPort };
}

function actionOf(record: NodeRecord, turn: number, name: string, given: unknown): Open<TalkAction> {
  const tool = TOOLS.find((known) => known === name) ?? "other";
  const input = inputSchema.safeParse(given).data;
  const command = tool === "run_command" ? (input?.command ?? "") : "";
  const background = input?.background ?? false;
  return { turn, record: refTo(record), tool, command, background, ...parseShell(command), result: null };
}

/** How many answers may have come to nothing between two turns, as seen by their texts. */
const MOST_SKIPPED = 3;

/** The n-th answer belongs to the n-th turn, unless its text is that of a turn a little later. */
function joinExchanges(turns: readonly OpenTurn[], answered: readonly Answered[]): void {
  let at = 0;
  for (const turn of turns) {
    const begins = turn.text.slice(0, 200);
    const near = answered.slice(at, at + MOST_SKIPPED + 1);
    const same = near.findIndex(({ body }) => body.reply?.text.startsWith(begins));
    at += Math.max(0, same);
    const exchange = answered[at];
    if (exchange === undefined) return;
    turn.exchange = exchangeOf(exchange.record, exchange.body);
    at += 1;
  }
}

const exchangeOf = (record: NodeRecord, body: ExchangeBody): TalkExchange => ({
  number: body.number,
  record: refTo(record),
  promptTokens: body.promptTokens,
  completionTokens: body.completionTokens,
  dropped: body.dropped,
  tookMs: body.tookMs,
});

/** Without events: the words of the answers, and the actions of native tool calls. What came back is not known. */
function fromExchanges(answered: readonly Answered[]): Pick<Talk, "turns" | "claims"> {
  const claims: Open<Talk["claims"][number]>[] = [];
  const turns = answered.map(({ record, body }): TalkTurn => {
    const actions = (body.reply?.calls ?? []).map((call) => {
      const input = parsedJson(call.arguments);
      const message = inputSchema.safeParse(input).data?.message ?? "";
      if (call.name === "finish") claims.push({ turn: body.number, text: message, record: refTo(record) });
      return actionOf(record, body.number, call.name, input);
    });
    const text = body.reply?.text ?? "";
    return { turn: body.number, record: refTo(record), text, actions, exchange: exchangeOf(record, body) };
  });
  return { turns, claims };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
