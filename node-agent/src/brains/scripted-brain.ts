import type { Brain, BrainRequest } from "./brain.ts";
import { BrainError } from "./brain-error.ts";
import type { Shape } from "@redline/shared";
import type { Behaviour } from "./scripted/behaviour.ts";
import type { ScriptedBehaviour } from "@redline/shared";
import { BEHAVIOURS } from "./scripted/behaviours.ts";

/**
 * A labelled test double: fixed moves, no model. It measures the instrument and is never reported as a
 * model's result. Its state is the conversation alone, so a request that is sent again gets the same reply.
 */
export function scriptedBrain(behaviour: ScriptedBehaviour, shape: Shape): Brain {
  const next: Behaviour = BEHAVIOURS[behaviour];
  return {
    provider: "scripted",
    label: `scripted:${behaviour}`,
    complete(request, signal) {
      if (signal.aborted) return Promise.reject(new BrainError("aborted", "the request was stopped"));
      const turn = turnOf(request);
      const move = next({ shape, task: taskOf(request), turn, results: lastResults(request) });
      const toolCalls = move.calls.map((call, n) => ({
        id: `call-${turn}-${n}`,
        name: call.tool,
        arguments: JSON.stringify(call.input),
      }));
      return Promise.resolve({
        text: move.text,
        toolCalls,
        usage: { promptTokens: 0, completionTokens: 0 },
        waitedMs: 0,
      });
    },
  };
}

function taskOf(request: BrainRequest): string {
  return request.messages.find((message) => message.role === "user")?.content ?? "";
}

/** 0 for the first question. */
function turnOf(request: BrainRequest): number {
  return request.messages.filter((message) => message.role === "assistant").length;
}

/** Outputs of the tools that were called last. */
function lastResults(request: BrainRequest): string[] {
  const after = request.messages.findLastIndex((message) => message.role !== "tool");
  return request.messages.slice(after + 1).map((message) => message.content ?? "");
}
