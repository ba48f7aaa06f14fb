import type { BrainSpec } from "@redline/shared";
import type { BrainReply, BrainRequest, ChatMessage } from "./brain.ts";
import { BrainError } from "./brain-error.ts";

/** What becomes of a conversation that is longer than the model takes. */
export type OverflowPolicy = Extract<BrainSpec, { provider: "openai" }>["overflow"];

/**
 * Asks, and where the model takes no such length, asks again with 1, 2, 4 ... of the oldest turns left out. A turn is an answer of
 * the model with all that followed it, so that a tool's result never stands without its call. What comes before the first answer
 * up to the task, system messages and the newest turn are never left out. Each question is tried whole first: the same question
 * is treated the same way whatever was asked before it.
 * @throws BrainError context_overflow where the policy says to end, or nothing is left to leave out.
 */
export async function withinContext(
  policy: OverflowPolicy,
  request: BrainRequest,
  ask: (request: BrainRequest) => Promise<BrainReply>,
): Promise<BrainReply> {
  let turns = 0;
  let waitedMs = 0;
  for (;;) {
    const messages = turns === 0 ? request.messages : withoutOldest(request.messages, turns);
    try {
      const reply = await ask(turns === 0 ? request : { ...request, messages });
      const waited = { waitedMs: waitedMs + reply.waitedMs };
      return turns === 0 ? { ...reply, ...waited } : { ...reply, ...waited, sent: messages };
    } catch (error) {
      if (!(error instanceof BrainError)) throw error;
      waitedMs += error.waitedMs;
      const most = turnsOf(request.messages).length - 1;
      if (error.code !== "context_overflow" || policy === "end" || turns >= most)
        throw new BrainError(error.code, error.message, { cause: error, waitedMs, usage: error.usage });
      turns = Math.min(Math.max(1, turns * 2), most);
    }
  }
}

/** Without that many of the oldest turns. */
export function withoutOldest(messages: readonly ChatMessage[], turns: number): ChatMessage[] {
  const starts = turnsOf(messages);
  const from = starts[0] ?? messages.length;
  const to = starts[turns] ?? messages.length;
  return messages.filter((message, at) => at < from || at >= to || message.role === "system");
}

/** Where each turn begins, oldest first. */
function turnsOf(messages: readonly ChatMessage[]): number[] {
  const task = messages.findIndex((message) => message.role === "user");
  return [...messages.keys()].filter(
    (at) => at > task && (at === task + 1 || messages[at]?.role === "assistant"),
  );
}
