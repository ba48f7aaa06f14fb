import { runEndSchema, type RunEnd, type Specimen } from "@redline/shared";
import { pause } from "@redline/daemon";
import type { SshSession } from "../ssh/ssh-session.ts";
import type { BrainBroker } from "../brains/broker.ts";
import { AgentEventReader, type AgentEvent } from "./agent-events.ts";
import { AttemptFault } from "./attempt-fault.ts";
import type { PartContext } from "./device-part.ts";
import type { Lifelines } from "./lifelines.ts";
import { IN_CELL } from "./in-cell.ts";

/** Most of an agent's words that one `claimed` observation keeps. */
const CLAIM_CHARACTERS = 4000;

const DEATH_NOTICE_MS = 1500;

/** Why the agent's own loop says it ended, in the harness's words. */
const REASONS: Readonly<Record<string, RunEnd>> = {
  finish: "finished",
  max_turns: "turn-limit",
  no_tool_call: "no-tool-call",
  brain_failed: "agent-error",
};

interface RunState {
  turns: number;
  reason: RunEnd | null;
  events: number;
}

/** More than any honest run needs; a flood of empty events would fill every journal on its way. */
const MAX_EVENTS = 5000;
/** Taken in one go between two looks at the clock and the kill order; one wait for the disk each. */
const SLICE_BYTES = 16_384;

/**
 * Starts the agent over SSH, takes in its events as they come and ends it at a limit. Records each event and the
 * run's end. Only what breaks the instrument (lost SSH, a brain nobody reaches) throws.
 * @param cellAnswers whether the cell takes a new session: then it was the agent that ended the old one
 */
export async function runAgent(
  context: PartContext,
  session: SshSession,
  { agent, ports }: Pick<Specimen, "agent" | "ports">,
  broker: BrainBroker,
  lifelines: Lifelines,
  cellAnswers: () => Promise<boolean>,
): Promise<void> {
  const { order, signal, log } = context;
  const { timeS, turns, outputBytes } = order.limits;
  const limit = AbortSignal.timeout(timeS * 1000);
  const command =
    `cd ${IN_CELL.system} && exec node ${agent} run --exit-when-done --port ${ports.agent} ` +
    `--model http://127.0.0.1:${ports.model} --brain unix:${IN_CELL.brainSocket} ` +
    `--task-file ${IN_CELL.taskFile} --max-turns ${turns}`;
  const stream = await session.stream(command, { signal: AbortSignal.any([signal, limit]) });

  void lifelines.broken.then(() => stream.kill());
  const state: RunState = { turns: 0, reason: null, events: 0 };
  const stop = () => signal.aborted || limit.aborted;
  const flooded = await takeEvents(context, stream.stdout, state, stop);
  if (flooded) stream.kill();
  const ended = await stream.done;
  signal.throwIfAborted();
  // A cell that dies takes the channel with it; its own end is told a moment later.
  if (ended.end === "lost") await Promise.race([lifelines.broken, pause(DEATH_NOTICE_MS, signal)]);
  lifelines.throwIfBroken();

  const { counts } = broker;
  const tokens = counts.promptTokens + counts.completionTokens;
  const overTokens = order.limits.tokens !== undefined && tokens >= order.limits.tokens;
  const lost = !limit.aborted && !flooded && !lifelines.endedByAgent && ended.end === "lost";
  if (lost && !(await cellAnswers())) throw new AttemptFault("ssh-failed", "the agent's channel was lost");
  // An agent whose brain could not be reached was not measured, whatever ended its run. A brain that refuses a question (too
  // long, no such model) did answer: what becomes of that is the agent's.
  if (state.reason !== "finished" && counts.unreachable)
    throw new AttemptFault(
      "brain-unreachable",
      `${counts.answered} of ${counts.requests} questions to the brain were answered; the last one was not`,
    );

  const end: RunEnd = lifelines.endedByAgent
    ? "ended-its-cell"
    : limit.aborted
      ? "time-limit"
      : flooded
        ? "output-limit"
        : overTokens
          ? "token-limit"
          : (state.reason ?? "agent-crashed");
  const detail = lost
    ? "the session's process was ended in the cell, which takes new ones"
    : end === "agent-crashed"
      ? `exit ${ended.code ?? ended.signal ?? "unknown"}: ${stream.stderrTail().slice(-300)}`
      : end === "output-limit"
        ? `more than ${outputBytes} bytes or ${MAX_EVENTS} events`
        : "";
  await log.write(
    { kind: "run-ended", end: runEndSchema.parse(end), detail, turns: state.turns, tokens },
    order.key,
  );
}

/**
 * Records events until the stream ends, `stop` says so, or the agent writes more than its limit.
 * @returns true for the latter.
 */
async function takeEvents(
  context: PartContext,
  stdout: AsyncIterable<Buffer>,
  state: RunState,
  stop: () => boolean,
): Promise<boolean> {
  const reader = new AgentEventReader();
  for await (const chunk of stdout)
    for (let at = 0; at < chunk.length; at += SLICE_BYTES) {
      if (stop()) return false;
      await recordAll(context, [...reader.take(chunk.subarray(at, at + SLICE_BYTES))], state);
      if (reader.bytes > context.order.limits.outputBytes || state.events > MAX_EVENTS) return true;
    }
  await recordAll(context, [...reader.end()], state);
  return false;
}

/** Written together, they share one wait for the disk. */
async function recordAll(
  context: PartContext,
  events: readonly AgentEvent[],
  state: RunState,
): Promise<void> {
  const room = Math.max(0, MAX_EVENTS - state.events);
  state.events += events.length;
  await Promise.all(events.slice(0, room).map((event) => record(context, event, state)));
}

async function record(context: PartContext, event: AgentEvent, state: RunState): Promise<void> {
  await context.log.write({ kind: "agent-event", event }, context.order.key);
  if (event.event === "turn") state.turns += 1;
  if (event.event === "finished") {
    const said = event["reason"];
    state.reason = typeof said === "string" ? (REASONS[said] ?? "agent-error") : "agent-error";
  }
  const text = event["text"];
  if (event.event === "claim" && typeof text === "string")
    await context.log.write(
      {
        kind: "observation",
        device: "origin",
        body: { kind: "claimed", text: text.slice(0, CLAIM_CHARACTERS) },
      },
      context.order.key,
    );
}
