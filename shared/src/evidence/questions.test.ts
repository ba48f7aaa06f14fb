import { describe, expect, it } from "vitest";
import { goodAnswer, probesOf } from "../claims/evidence-fixture.ts";
import { chatQuestion, completionQuestion, judgeAnswers } from "./questions.ts";

const complete = (answer: (nonce: string) => string) =>
  judgeAnswers(probesOf("completion", 1, answer), completionQuestion);
const reversed = (text: string) => Array.from(text).reverse().join("");
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
    ["the question in capitals", (n) => chatQuestion(n).toUpperCase(), "the question came back: an echo"],
    ["the question backwards", (n) => reversed(chatQuestion(n)), "the question came back: an echo"],
    [
      "the question without the nonce",
      (n) => `${n.length}: ${chatQuestion("").replace("is .", "is  .")}`,
      "the question came back: an echo",
    ],
    ["the nonce backwards in capitals", (n) => reversed(n).toUpperCase(), "the question came back: an echo"],
    ["white space", () => " \n\t", "an empty answer"],
  ])("refuses %s", (_name, answer, why) => {
    expect(judge(answer)).toEqual({ ok: false, why });
  });

  it("refuses what gives another answer to the same question", () => {
    const why = "another answer to the same question: it does not depend on the question";
    let n = 1_763_714_350_123;
    const texts = ["ab41", "77f0", "c0de", "95aa"];
    const counters = ["Request number 1", "Request number 2", "Request number 3", "Request number 10"];
    const cases: ((nonce: string) => string)[] = [
      () => String(n++),
      (nonce) => `${nonce} at ${n++}`,
      () => `The time is ${new Date((n += 700)).toISOString()}`,
      () => texts.shift() ?? "",
      () => counters.shift() ?? "",
    ];
    for (const answer of cases) expect(complete(answer)).toEqual({ ok: false, why });
  });

  it("bears a late difference between two answers of one model", () => {
    let asked = 0;
    const late = (nonce: string) =>
      ` The code word is ${nonce.slice(-1)} and it stands for ${asked++ === 0 ? "a river" : "a town"}`;
    expect(complete(late)).toEqual({ ok: true });
    // ... and takes records of a time in which nothing was put twice.
    const old = probesOf("completion", 1, goodAnswer).slice(0, 3);
    expect(judgeAnswers(old, completionQuestion)).toEqual({ ok: true });
  });

  it("keeps what was not asked apart from what failed", () => {
    const good = probesOf("chat", 1, goodAnswer);
    const unasked = probesOf("chat", 1, () => "", { status: 0, error: "not asked: time is up" });
    const cut = probesOf("chat", 1, () => "", { status: 0, error: "the time for all questions is up" });
    const failed = probesOf("chat", 1, () => "", { status: 0, error: "connection reset" });
    const open = { ok: false, why: "not asked: time is up", unasked: true };
    expect(judgeAnswers([...good.slice(0, 2), ...unasked.slice(2)], chatQuestion)).toEqual(open);
    expect(judgeAnswers(unasked, chatQuestion)).toEqual(open);
    expect(judgeAnswers([...good.slice(0, 1), ...cut.slice(1)], chatQuestion)).toMatchObject({
      unasked: true,
    });
    expect(judgeAnswers([...failed.slice(0, 1), ...unasked.slice(1)], chatQuestion)).toEqual({
      ok: false,
      why: "connection reset",
    });
  });

  it("wants at least two, and says why one failed before it counts them", () => {
    const good = probesOf("chat", 1, goodAnswer);
    expect(judgeAnswers(good.slice(0, 1), chatQuestion)).toEqual({
      ok: false,
      why: "fewer than two questions were put",
      unasked: true,
    });
    expect(judgeAnswers([], chatQuestion)).toMatchObject({ ok: false });
    const refused = probesOf("chat", 1, goodAnswer, { status: 404 }).slice(0, 1);
    expect(judgeAnswers(refused, chatQuestion)).toEqual({ ok: false, why: "HTTP status 404" });
    const other = probesOf("chat", 1, goodAnswer, { status: 502, error: "not a chat reply: x" }).slice(0, 1);
    expect(judgeAnswers(other, chatQuestion)).toEqual({
      ok: false,
      why: "HTTP status 502, not a chat reply: x",
    });
    const late = probesOf("chat", 1, goodAnswer, { status: 200, error: "no complete answer" }).slice(2);
    expect(judgeAnswers([...good, ...late], chatQuestion)).toEqual({ ok: false, why: "no complete answer" });
  });

  it("puts the nonce into both questions", () => {
    expect(completionQuestion("abc123")).toContain("abc123");
    expect(chatQuestion("abc123")).toContain("abc123");
  });
});
