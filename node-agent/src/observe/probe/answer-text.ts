import type { Probe } from "@redline/shared";
import { boundedText } from "../bounded-text.ts";
import { field, parsedJson, textField } from "./json-field.ts";

/** Enough of a wrong body to tell people what it was. */
const QUOTED = 120;

/**
 * What a hostile body says. To a completion or chat only the proper field of the proper shape is an answer (the two OpenAI
 * forms, a specimen's `/chat`): a body of any other shape is none, and is quoted in `error`, so that a server which knows no
 * such API cannot pass with whatever it sends. For health and models it is the body. Well-formed and bounded: it stays data.
 */
export function answerText(kind: Probe["kind"], body: string): Pick<Probe, "answer" | "model" | "error"> {
  const json = parsedJson(body);
  const model = textField(json, "model") ?? textField(field(field(json, "data"), "0"), "id") ?? "";
  const text = textOf(kind, json, body);
  return {
    answer: boundedText(text ?? "", 2048),
    model: boundedText(model, 200),
    error:
      text === undefined
        ? `not a ${kind === "chat" ? "chat reply" : "completion"}: ${boundedText(body, QUOTED)}`
        : "",
  };
}

function textOf(kind: Probe["kind"], json: unknown, body: string): string | undefined {
  if (kind === "health" || kind === "models") return body;
  if (kind === "chat") return textField(json, "reply");
  const choice = field(field(json, "choices"), "0");
  return textField(choice, "text") ?? textField(field(choice, "message"), "content");
}
