import { describe, expect, it } from "vitest";
import { answerText } from "./answer-text.ts";

describe("answerText", () => {
  it.each([
    ["completion", '{"model":"m","choices":[{"text":"hi"}]}', "hi", "m"],
    ["completion", '{"choices":[{"message":{"content":"hi"}}]}', "hi", ""],
    ["chat", '{"reply":"hi","model":"m"}', "hi", "m"],
    ["models", '{"data":[{"id":"m"}]}', '{"data":[{"id":"m"}]}', "m"],
    ["health", "ok", "ok", ""],
  ] as const)("%s of %s", (kind, body, answer, model) => {
    expect(answerText(kind, body)).toEqual({ answer, model, error: "" });
  });

  it.each([
    ["completion", "1763714350123", "not a completion: 1763714350123"],
    ["completion", '{"choices":[{"text":7}]}', 'not a completion: {"choices":[{"text":7}]}'],
    ["completion", '{"error":"no model","at":17}', 'not a completion: {"error":"no model","at":17}'],
    ["completion", '{"reply":"hi"}', 'not a completion: {"reply":"hi"}'],
    ["chat", '{"choices":[{"text":"hi"}]}', 'not a chat reply: {"choices":[{"text":"hi"}]}'],
    ["chat", '["reply"]', 'not a chat reply: ["reply"]'],
    ["chat", "null", "not a chat reply: null"],
    ["chat", '{"__proto__":{"reply":"x"}}', 'not a chat reply: {"__proto__":{"reply":"x"}}'],
    ["chat", "", "not a chat reply: "],
  ] as const)("no answer to a %s in %s", (kind, body, error) => {
    expect(answerText(kind, body)).toEqual({ answer: "", model: "", error });
  });

  it("bounds all three", () => {
    const { answer, model } = answerText(
      "chat",
      JSON.stringify({ reply: "r".repeat(9999), model: "🙂".repeat(999) }),
    );
    expect([answer.length, model.length]).toEqual([2048, 200]);
    expect(answerText("chat", "x".repeat(9999)).error).toHaveLength("not a chat reply: ".length + 120);
  });
});
