import type { ChatHistoryItem, ChatModelFunctionCall } from "node-llama-cpp";
import type { ChatMessage } from "../brain.ts";

/**
 * A conversation as node-llama-cpp's chat templates take it: calls with their results stand in the model's own response, which goes
 * on after them. Ends with the response that is to be made.
 */
export function historyOf(messages: readonly ChatMessage[]): ChatHistoryItem[] {
  const history: ChatHistoryItem[] = [];
  const calls = new Map<string, ChatModelFunctionCall>();
  const response = () => {
    const last = history.at(-1);
    if (last?.type === "model") return last.response;
    const made: (string | ChatModelFunctionCall)[] = [];
    history.push({ type: "model", response: made });
    return made;
  };
  for (const message of messages) {
    if (message.role === "system") history.push({ type: "system", text: message.content });
    else if (message.role === "user") history.push({ type: "user", text: message.content });
    else if (message.role === "tool") {
      const call = calls.get(message.tool_call_id);
      // A result without its call can only be told.
      if (call === undefined) history.push({ type: "user", text: message.content });
      else call.result = message.content;
    } else {
      const parts = response();
      if (message.content != null && message.content !== "") parts.push(message.content);
      for (const { id, function: called } of message.tool_calls ?? []) {
        const call: ChatModelFunctionCall = {
          type: "functionCall",
          name: called.name,
          params: inputOf(called.arguments),
          result: "",
        };
        calls.set(id, call);
        parts.push(call);
      }
    }
  }
  response();
  return history;
}

/** The model's own JSON; what is none stays text. */
function inputOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
