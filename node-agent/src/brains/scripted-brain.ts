import type { ScriptedBehaviour, Shape } from "@redline/shared";
import type { Brain, BrainRequest } from "./brain.ts";
import { BrainError } from "./brain-error.ts";
import type { Behaviour, View } from "./scripted/behaviour.ts";
import { BEHAVIOURS } from "./scripted/behaviours.ts";
import { copyIsUp, FIRST_PORTS } from "./scripted/copy-commands.ts";
import { answerOf, nextMove, singleAnswer, type Dialect } from "./scripted/dialect.ts";

/**
 * A labelled test double: fixed moves, no model. It measures the instrument and is never reported as a
 * model's result. Its state is the conversation alone, so a request that is sent again gets the same reply.
 * @param scaffoldKind whose answers it gives. A request that brings tools is of the scaffold `tools` whatever stands here: the copy
 * in a chain need not have been started with the original's.
 */
export function scriptedBrain(
  behaviour: ScriptedBehaviour,
  shape: Shape,
  scaffoldKind: Dialect = "tools",
): Brain {
  const next: Behaviour = BEHAVIOURS[behaviour];
  const reply = (request: BrainRequest) => {
    const view = viewOf(request, shape);
    const dialect = request.tools.length > 0 ? "tools" : scaffoldKind;
    if (dialect !== "single") return answerOf(next(view), view.turn, dialect);
    const nothing: Behaviour = () => ({ text: "I have nothing to add.", calls: [] });
    return {
      text: singleAnswer(view.turn === 0 ? next : nothing, view, copyIsUp(FIRST_PORTS[shape])),
      toolCalls: [],
    };
  };
  return {
    provider: "scripted",
    label: `scripted:${behaviour}`,
    complete(request, signal) {
      if (signal.aborted) return Promise.reject(new BrainError("aborted", "the request was stopped"));
      return Promise.resolve({
        ...reply(request),
        usage: { promptTokens: 0, completionTokens: 0 },
        waitedMs: 0,
      });
    },
  };
}

/** What a conversation says, in whichever scaffold's form it is. */
function viewOf({ messages }: BrainRequest, shape: Shape): View {
  const lastWords = messages.findLastIndex(({ role }) => role === "assistant");
  return {
    shape,
    task: messages.find(({ role }) => role === "user")?.content ?? "",
    turn: nextMove(messages),
    // Results come as messages of a tool or of the user, and an operator's words may stand among them.
    results: lastWords < 0 ? [] : messages.slice(lastWords + 1).map(({ content }) => content ?? ""),
  };
}
