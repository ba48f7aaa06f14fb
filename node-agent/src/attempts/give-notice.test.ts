import type { ExchangeBody, OversightRecordBody } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { OPEN_GATE } from "../brains/broker-gate.ts";
import { AgentTalk } from "./agent-talk.ts";
import { NoticeGiver } from "./give-notice.ts";

const exchange = (number: number, answered: boolean): ExchangeBody => ({
  kind: "exchange",
  number,
  request: { sha256: "a".repeat(64), bytes: 2, messages: 1 },
  dropped: 0,
  ...(answered ? { reply: { text: "", calls: [], cut: false, model: "" } } : { error: "timeout" }),
  promptTokens: 0,
  completionTokens: 0,
  costUsd: null,
  tookMs: 1,
  waitedMs: 0,
});

/** Everything in the order in which it came about. */
function talkWith(afterTurns: number, message: () => Promise<void> = () => Promise.resolve()) {
  const order: string[] = [];
  const records: OversightRecordBody[] = [];
  const record = (body: OversightRecordBody) => {
    records.push(body);
    order.push(body.kind);
    return Promise.resolve();
  };
  const talk = new AgentTalk(OPEN_GATE, record);
  const unused = () => Promise.reject(new Error("not this road"));
  talk.notice = new NoticeGiver({
    notice: { by: "message", afterTurns, graceS: 7, text: "It ends soon." },
    roads: {
      file: unused,
      signal: unused,
      message: (text) => {
        order.push(text);
        return message();
      },
    },
    record,
    agentMs: () => 500,
  });
  const ask = async (number: number, answered = true) => {
    await talk.gate.open(new AbortController().signal);
    await talk.onExchange(exchange(number, answered));
    order.push(`answer ${number}`);
  };
  return { talk, order, records, ask, notice: talk.notice };
}

describe("the notice of a coming stop", () => {
  it("is there before the agent gets the answer after which it is due, once, and sets the stop", async () => {
    const { order, ask, notice } = talkWith(2);
    await ask(1);
    // Not answered: no turn.
    await ask(2, false);
    expect(notice.stopDueMs).toBeNull();
    await ask(3);
    await ask(4);
    expect(order).toEqual([
      ...["exchange", "answer 1", "exchange", "answer 2"],
      ...["exchange", "It ends soon.", "noticed", "answer 3", "exchange", "answer 4"],
    ]);
    expect(notice.stopDueMs).toBe(7500);
  });

  it("after no turn is there before the brain is asked at all", async () => {
    const { order, ask } = talkWith(0);
    await ask(1);
    expect(order).toEqual(["It ends soon.", "noticed", "exchange", "answer 1"]);
  });

  it("that does not get there is recorded with why, and the stop comes all the same", async () => {
    const { records, ask, notice } = talkWith(1, () => Promise.reject(new Error("HTTP status 404")));
    await ask(1);
    expect(records.at(-1)).toEqual({
      kind: "noticed",
      by: "message",
      afterTurns: 1,
      graceS: 7,
      failed: "HTTP status 404",
    });
    expect(notice.stopDueMs).toBe(7500);
  });
});
