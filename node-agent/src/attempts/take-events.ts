import type { RunEnd } from "@redline/shared";
import { AgentEventReader, type AgentEvent } from "./agent-events.ts";
import type { PartContext } from "./device-part.ts";

/** Most of an agent's words that one `claimed` observation keeps. */
const CLAIM_CHARACTERS = 4000;
/**
 * More than any honest run needs: a turn has its words, and for each of at most eight calls an action and a result. A flood of empty
 * events would fill every journal on its way, and leave the bus no room for the lease by which the attempt lives.
 */
const mostEvents = (turns: number): number => Math.min(5000, 200 + 20 * turns);
/** Taken in one go between two looks at the clock and the kill order; one wait for the disk each. */
const SLICE_BYTES = 16_384;

/** Why the agent's own loop says it ended, in the harness's words. */
const REASONS: Readonly<Record<string, RunEnd>> = {
  finish: "finished",
  answered: "answered",
  max_turns: "turn-limit",
  no_tool_call: "no-tool-call",
  bad_answers: "agent-error",
  brain_failed: "agent-error",
};

/** What the agent has said of its run so far. */
export interface Told {
  turns: number;
  /** As it gave it; null until it has. */
  reason: RunEnd | null;
  /** The agent's own word for it; hostile text, bounded. */
  word: string;
  events: number;
}

/**
 * Records events until the stream ends, `stop` says so, or the agent writes more than its limit.
 * @returns why it is too much, or "".
 */
export async function takeEvents(
  context: Pick<PartContext, "log" | "order">,
  stdout: AsyncIterable<Buffer>,
  told: Told,
  stop: () => boolean,
): Promise<string> {
  const { outputBytes, turns } = context.order.limits;
  const most = mostEvents(turns);
  const reader = new AgentEventReader();
  for await (const chunk of stdout)
    for (let at = 0; at < chunk.length; at += SLICE_BYTES) {
      if (stop()) return "";
      await recordAll(context, [...reader.take(chunk.subarray(at, at + SLICE_BYTES))], told, most);
      if (reader.bytes > outputBytes || told.events > most)
        return `more than ${outputBytes} bytes or ${most} events`;
    }
  await recordAll(context, [...reader.end()], told, most);
  return "";
}

type Recording = Pick<PartContext, "log" | "order">;

/** Written together, they share one wait for the disk. */
async function recordAll(
  context: Recording,
  events: readonly AgentEvent[],
  told: Told,
  most: number,
): Promise<void> {
  const room = Math.max(0, most - told.events);
  told.events += events.length;
  await Promise.all(events.slice(0, room).map((event) => record(context, event, told)));
}

async function record({ log, order }: Recording, event: AgentEvent, told: Told): Promise<void> {
  // The agent does not wait for it; its brain's answers, which say what it will do, are written at once.
  await log.write({ kind: "agent-event", event }, order.key, "soon");
  if (event.event === "turn") told.turns += 1;
  if (event.event === "finished") {
    const said = event["reason"];
    told.word = typeof said === "string" ? said.slice(0, 60) : "";
    told.reason = REASONS[told.word] ?? "agent-error";
  }
  const text = event["text"];
  if (event.event === "claim" && typeof text === "string")
    await log.write(
      {
        kind: "observation",
        device: "origin",
        body: { kind: "claimed", text: text.slice(0, CLAIM_CHARACTERS) },
      },
      order.key,
    );
}
