import type { Probe } from "@redline/shared";
import { boundedText } from "../bounded-text.ts";

/**
 * The text that answers a question, and the model's name if one is given, out of a hostile body: the known places of the
 * OpenAI shapes and of a specimen's `/chat`, else the raw body. Well-formed and bounded, otherwise untouched: it stays data.
 */
export function answerText(kind: Probe["kind"], body: string): Pick<Probe, "answer" | "model"> {
  const json = parsed(body);
  const choice = field(field(json, "choices"), "0");
  const text =
    kind === "completion"
      ? (textField(choice, "text") ?? textField(field(choice, "message"), "content"))
      : kind === "chat"
        ? textField(json, "reply")
        : undefined;
  const model = textField(json, "model") ?? textField(field(field(json, "data"), "0"), "id") ?? "";
  return { answer: boundedText(text ?? body, 2048), model: boundedText(model, 200) };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** An own property of an object or an element of a list. */
function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  const found: unknown = Reflect.get(value, name);
  return found;
}

function textField(value: unknown, name: string): string | undefined {
  const found = field(value, name);
  return typeof found === "string" ? found : undefined;
}
