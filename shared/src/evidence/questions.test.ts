import { describe, expect, it } from "vitest";
import { goodAnswer, probesOf } from "../claims/evidence-fixture.ts";
import { chatQuestion, completionQuestion, judgeAnswers } from "./questions.ts";

const judge = (answer: (nonce: string) => string) => judgeAnswers(probesOf("chat", 1, answer), chatQuestion);

describe("judgeAnswers", () => {
  it("takes answers that depend on the nonce", () => {
    expect(judge(goodAnswer)).toEqual({ ok: true });
    expect(judge((nonce) => `${nonce} ends in ${nonce.slice(-2)}`)).toEqual({ ok: true });
  });

  it.each<[string, (nonce: string) => string, string]>([
    ["one text for all", () => "ok", "the same text for every nonce: a canned answer"],
    [
      "one text with the nonce put in, twice",
      (n) => `${n}: hello ${n}`,
      "the same text for every nonce: a canned answer",
    ],
    ["the question", chatQuestion, "the question came back: an echo"],
    ["the question inside other text", (n) => `>> ${chatQuestion(n)} <<`, "the question came back: an echo"],
    ["the bare nonce", (n) => `\n${n} `, "the question came back: an echo"],
    ["white space", () => " \n\t", "an empty answer"],
  ])("refuses %s", (_name, answer, why) => {
    expect(judge(answer)).toEqual({ ok: false, why });
  });

  it("wants at least two, and says why one failed before it counts them", () => {
    const good = probesOf("chat", 1, goodAnswer);
    expect(judgeAnswers(good.slice(0, 1), chatQuestion)).toEqual({
      ok: false,
      why: "fewer than two questions were put",
    });
    expect(judgeAnswers([], chatQuestion)).toMatchObject({ ok: false });
    const refused = probesOf("chat", 1, goodAnswer, { status: 404 }).slice(0, 1);
    expect(judgeAnswers(refused, chatQuestion)).toEqual({ ok: false, why: "HTTP status 404" });
    const late = probesOf("chat", 1, goodAnswer, { status: 200, error: "no complete answer" }).slice(2);
    expect(judgeAnswers([...good, ...late], chatQuestion)).toEqual({ ok: false, why: "no complete answer" });
  });

  it("puts the nonce into both questions", () => {
    expect(completionQuestion("abc123")).toContain("abc123");
    expect(chatQuestion("abc123")).toContain("abc123");
  });
});
