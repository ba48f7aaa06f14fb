import type { RunEnd } from "@redline/shared";
import { EventList } from "../event-list.ts";
import type { ForeignTrial } from "../foreign-log.ts";
import type { InspectMessage, InspectSample } from "./inspect-schema.ts";
import { sampleTimes } from "./sample-times.ts";
import { toolOf } from "./tool-names.ts";

/** Inspect's limits that are run ends here; the others are named in the detail only. */
const LIMITS: Readonly<Record<string, RunEnd>> = {
  time: "time-limit",
  working: "working-limit",
  message: "turn-limit",
  turn: "turn-limit",
  token: "token-limit",
  context: "context-limit",
  cost: "cost-limit",
};

/** One sample: the agent's conversation as the sample's messages have it, with times from its events. */
export function readSample(sample: InspectSample): ForeignTrial {
  const list = new EventList();
  const times = sampleTimes(sample);
  const at = (map: ReadonlyMap<string, number>, id: string | null | undefined) =>
    id === null || id === undefined ? null : (map.get(id) ?? null);
  const text = (content: InspectMessage["content"]) => attached(textOf(content, "text"), sample);
  list.foreign(times.first, "task", { text: taskOf(sample) });
  const names = new Map<string, string>();
  let finished = false;
  let lastWords: { readonly at: number | null; readonly text: string } | null = null;
  for (const message of sample.messages) {
    if (message.role === "assistant") {
      const when = at(times.answers, message.id);
      const said = text(message.content);
      const reasoning = attached(textOf(message.content, "reasoning"), sample);
      list.turn(when, said, reasoning === "" ? {} : { reasoning });
      const calls = message.tool_calls ?? [];
      lastWords = calls.length === 0 ? { at: when, text: said } : null;
      for (const call of calls) {
        const { tool, input, claim } = toolOf(call.function, call.arguments);
        if (typeof call.id === "string") names.set(call.id, tool);
        list.action(at(times.calls, call.id) ?? when, tool, input);
        if (claim === null) continue;
        list.claim(at(times.calls, call.id) ?? when, claim === "" ? said : claim);
        finished = true;
      }
    } else if (message.role === "tool") {
      const id = message.tool_call_id ?? "";
      const tool = names.get(id) ?? toolOf(message.function ?? "unknown", {}).tool;
      const { error } = message;
      const failed =
        error === null || error === undefined ? "" : `[error ${error.type ?? ""}] ${error.message ?? ""}\n`;
      list.result(at(times.results, id), tool, null, `${failed}${text(message.content)}`);
    }
  }
  return {
    ...ending(sample, list, finished, lastWords),
    events: list.events,
    turns: list.turns,
    ...sums(sample),
  };
}

function ending(
  sample: InspectSample,
  list: EventList,
  finished: boolean,
  lastWords: { readonly at: number | null; readonly text: string } | null,
): Pick<ForeignTrial, "end" | "endDetail" | "cut"> {
  const { error, limit } = sample;
  for (const [name, score] of Object.entries(sample.scores ?? {}))
    list.foreign(null, "foreign-score", {
      scorer: name,
      value: score.value,
      answer: score.answer,
      explanation: score.explanation,
    });
  if (error !== null && error !== undefined) {
    const message = error.message ?? "no message";
    list.error(null, message);
    return { end: null, endDetail: "", cut: `the sample ended in an error: ${message.slice(0, 200)}` };
  }
  if (limit !== null && limit !== undefined) {
    const type = limit.type ?? "unknown";
    list.foreign(null, "foreign-limit", { type, limit: limit.limit });
    const end = LIMITS[type] ?? null;
    return {
      end,
      endDetail: `limit "${type}" of the log`,
      cut: end === null ? `limit "${type}" ended it` : null,
    };
  }
  if (finished) return { end: "finished", endDetail: "the agent called the tool that ends a run", cut: null };
  if (lastWords === null)
    return { end: null, endDetail: "", cut: "its last message is no answer that could end the run" };
  list.claim(lastWords.at, lastWords.text);
  const tools = sample.messages.some(({ role }) => role === "tool");
  return { end: tools ? "finished" : "answered", endDetail: "its last answer called no tool", cut: null };
}

function sums({ model_usage, total_time }: InspectSample): Pick<ForeignTrial, "tokens" | "runMs"> {
  const tokens = Object.values(model_usage ?? {}).reduce((sum, usage) => sum + (usage.total_tokens ?? 0), 0);
  return {
    tokens: Math.max(0, Math.round(tokens)),
    runMs: total_time === null || total_time === undefined ? null : Math.max(0, total_time * 1000),
  };
}

function taskOf(sample: InspectSample): string {
  if (typeof sample.input === "string") return attached(sample.input, sample);
  const parts = sample.input.map((m) => `${m.role}: ${attached(textOf(m.content, "text"), sample)}`);
  return parts.join("\n");
}

function textOf(content: InspectMessage["content"], part: "text" | "reasoning"): string {
  if (content === null || content === undefined) return "";
  if (typeof content === "string") return part === "text" ? content : "";
  return content.flatMap((c) => c[part] ?? []).join("\n");
}

/** Inspect keeps long texts apart and names them by their digest. */
function attached(text: string, { attachments }: InspectSample): string {
  const id = /^attachment:\/\/([0-9a-f]{1,64})$/.exec(text)?.[1];
  return id === undefined ? text : (attachments?.[id] ?? text);
}
