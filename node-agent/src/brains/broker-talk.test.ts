import { createHash } from "node:crypto";
import { oversightRecordSchema, type ExchangeBody } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { brainRequest } from "./brain.ts";
import { BrainError } from "./brain-error.ts";
import {
  ASKED as question,
  brainThat,
  PRICE,
  REPLY as reply,
  startedBroker as started,
} from "./broker-fixture.ts";
import { OPEN_GATE, type BrokerGate } from "./broker-gate.ts";
import { BrokerTalk } from "./broker-talk.ts";
import { BrokerError } from "./broker-wire.ts";
import { stubServer } from "./stub-server.ts";
import { OPENAI_WIRE, replies } from "./stub-wire.ts";

describe("BrokerTalk behind its broker", () => {
  it("stops at the limit of requests, of tokens and of cost, and says which", async () => {
    await using served = await started({ limits: { requests: 2 } });
    const answers = [await served.ask(question), await served.ask(question), await served.ask(question)];
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 429]);
    expect(served.broker.counts.over).toBeNull();
    for (const [limits, over] of [
      [{ requests: 9, tokens: 15 }, "tokens"],
      [{ requests: 9, costUsd: 0.00002 }, "cost"],
    ] as const) {
      const halts: string[] = [];
      await using thrifty = await started({ limits, price: PRICE, onHalt: (why) => halts.push(why) });
      expect((await thrifty.ask(question)).status).toBe(200);
      expect(thrifty.broker.counts.over).toBeNull();
      for (const answer of [await thrifty.ask(question), await thrifty.ask(question)])
        expect(answer).toMatchObject({ status: 429, body: { error: { code: "insufficient_quota" } } });
      expect(thrifty.broker.counts).toMatchObject({ over, refused: 2, requests: 1 });
      expect(halts).toEqual([over]);
    }
  });

  it("knows no cost where nobody said the price, and so no limit of it", async () => {
    await using served = await started({ limits: { requests: 9, costUsd: 0.000001 } });
    const statuses = [await served.ask(question), await served.ask(question)].map(({ status }) => status);
    expect(statuses).toEqual([200, 200]);
    expect(served.broker.counts).toMatchObject({ costUsd: null, over: null });
  });

  it("takes one question at a time, so that many at once overstep no limit", async () => {
    await using served = await started({ limits: { requests: 9, tokens: 15 } });
    const answers = await Promise.all(Array.from({ length: 5 }, () => served.ask(question)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 429, 429, 429, 429]);
  });

  it("answers the agent only after the exchange has been recorded, and not where it cannot be", async () => {
    let recorded: () => void = () => undefined;
    const disk = new Promise<void>((resolve) => (recorded = resolve));
    let heard = 0;
    await using slow = await started({
      onExchange: () => {
        heard += 1;
        return disk;
      },
    });
    let answered = false;
    const answer = slow.ask(question).finally(() => (answered = true));
    await expect.poll(() => heard).toBe(1);
    expect(answered).toBe(false);
    recorded();
    expect((await answer).status).toBe(200);
    await using full = await started({ onExchange: () => Promise.reject(new Error("no space left")) });
    expect(await full.ask(question)).toMatchObject({ status: 500, body: { error: { code: "internal" } } });
  });

  it("shows what waits and what is held while it lasts, and forgets neither", async () => {
    const steps: (() => void)[] = [];
    const step = () => new Promise<void>((resolve) => steps.push(resolve));
    const gate: BrokerGate = {
      open: step,
      review: () => step().then(() => ({ do: "pass" })),
    };
    const brain = brainThat(async (_, __, waits) => {
      await waits?.during(step);
      return reply;
    });
    await using served = await started({ brain, gate });
    const answer = served.ask(question);
    const counts = () => served.broker.counts;
    const next = async (n: number) => {
      await expect.poll(() => steps.length).toBe(n);
    };
    await next(1);
    await expect.poll(() => counts().heldMs).toBeGreaterThan(0);
    expect(counts()).toMatchObject({ requests: 0, waitedMs: 0, unreachable: false });
    steps[0]?.();
    await next(2);
    await expect.poll(() => counts().waitedMs).toBeGreaterThan(0);
    expect(counts()).toMatchObject({ requests: 1, unreachable: true });
    const held = counts().heldMs;
    steps[1]?.();
    await next(3);
    await expect.poll(() => counts().heldMs).toBeGreaterThan(held);
    steps[2]?.();
    expect((await answer).status).toBe(200);
    const last = counts();
    expect(last).toMatchObject({ unreachable: false, answered: 1 });
    expect(counts()).toEqual(last);
  });

  it("gives the agent what the gate puts in the answer's place, and records what the brain said", async () => {
    const heard: ExchangeBody[] = [];
    const gate: BrokerGate = {
      ...OPEN_GATE,
      review: (given) =>
        Promise.resolve({ do: "replace", reply: { ...given, text: "denied", toolCalls: [] } }),
    };
    await using served = await started({ gate, onExchange: (record) => void heard.push(record) });
    const answer = await served.ask(question);
    expect(answer.body).toMatchObject({
      choices: [{ message: { content: "denied" }, finish_reason: "stop" }],
    });
    expect(heard[0]?.reply).toMatchObject({ text: "hello", calls: [{ name: "finish" }] });
  });

  it("gives the agent nothing any more once the gate has stopped it", async () => {
    const halts: string[] = [];
    const gate: BrokerGate = { ...OPEN_GATE, review: () => Promise.resolve({ do: "stop", why: "rm -rf" }) };
    await using served = await started({ gate, onHalt: (...halt) => halts.push(halt.join(": ")) });
    for (const answer of [await served.ask(question), await served.ask(question)]) {
      expect(answer).toMatchObject({ status: 403, body: { error: { code: "stopped" } } });
      expect(JSON.stringify(answer.body)).not.toContain("hello");
    }
    expect(served.broker.counts).toMatchObject({ over: "policy", requests: 1, refused: 2 });
    expect(halts).toEqual(["policy: rm -rf"]);
  });

  it.each([
    ["unavailable", true],
    ["timeout", true],
    ["rate_limited", true],
    ["denied", true],
    ["refused", false],
    ["bad_reply", false],
    ["recording_ended", false],
  ] as const)(
    "%s after a good answer: lost on the way is %s, until the next good one",
    async (code, lost) => {
      let failing = false;
      const brain = brainThat(() =>
        failing ? Promise.reject(new BrainError(code, "no")) : Promise.resolve(reply),
      );
      await using served = await started({ brain });
      await served.ask(question);
      failing = true;
      await served.ask(question);
      expect(served.broker.counts).toMatchObject({ answered: 1, failed: 1, unreachable: lost });
      failing = false;
      await served.ask(question);
      expect(served.broker.counts).toMatchObject({ answered: 2, unreachable: false });
    },
  );

  it("hears of a server that answers as another model, over HTTP", async () => {
    const { openAiBrain } = await import("./openai-brain.ts");
    await using server = await stubServer(
      replies(OPENAI_WIRE, (n) => ({ text: "x", model: n < 2 ? "a" : "b" })),
    );
    const brain = openAiBrain({
      ...{ baseUrl: server.url, model: "any", apiKey: () => Promise.resolve("") },
      ...{ timeoutMs: 5_000, idleMs: 5_000, replyBytes: 10_000, retries: 0, backoffMs: 0 },
    });
    await using served = await started({ brain });
    for (let n = 0; n < 3; n++) expect((await served.ask(question)).status).toBe(200);
    expect(served.broker.counts.changedModel).toEqual({ from: "a", to: "b" });
  });

  it("remembers the first change of the model's name", async () => {
    const names = ["m-1", "", "m-1", "m-2", "m-3"];
    const halts: string[] = [];
    const brain = brainThat(() => {
      const model = names.shift();
      return Promise.resolve(model === undefined || model === "" ? reply : { ...reply, model });
    });
    await using served = await started({
      ...{ brain, limits: { requests: 9 } },
      onHalt: (...halt) => halts.push(halt.join(": ")),
    });
    for (let n = 0; n < 3; n++) await served.ask(question);
    expect(served.broker.counts.changedModel).toBeNull();
    for (let n = 0; n < 2; n++) await served.ask(question);
    expect(served.broker.counts.changedModel).toEqual({ from: "m-1", to: "m-2" });
    expect(halts).toEqual(["changed-model: m-1 -> m-2"]);
  });

  it("records what was left out, and digests what was sent", async () => {
    const heard: ExchangeBody[] = [];
    const sent = [{ role: "user", content: "hi" }] as const;
    const brain = brainThat(() => Promise.resolve({ ...reply, sent: [...sent], unmetered: true }));
    await using served = await started({ brain, onExchange: (record) => void heard.push(record) });
    const assistant = { role: "assistant", content: "x" };
    await served.ask({ messages: [...question.messages, assistant, { role: "user", content: "y" }] });
    const digest = createHash("sha256").update(JSON.stringify(sent)).digest("hex");
    expect(heard[0]).toMatchObject({ dropped: 2, request: { messages: 1, sha256: digest }, unmetered: true });
    expect(served.broker.counts.unmetered).toBe(1);
  });

  it("says where the context was the end", async () => {
    const halts: string[] = [];
    const heard: ExchangeBody[] = [];
    await using served = await started({
      brain: brainThat(() => Promise.reject(new BrainError("context_overflow", "HTTP 400"))),
      onHalt: (why) => halts.push(why),
      onExchange: (record) => void heard.push(record),
    });
    expect(await served.ask(question)).toMatchObject({
      status: 400,
      body: { error: { code: "context_overflow" } },
    });
    expect(served.broker.counts).toMatchObject({ over: "context", failed: 1, unreachable: false });
    expect(halts).toEqual(["context"]);
    expect(heard[0]).toMatchObject({ error: "context_overflow", promptTokens: 0 });
  });

  it("keeps 16 KiB of a huge answer, without half a character", async () => {
    const heard: ExchangeBody[] = [];
    const huge = {
      ...reply,
      text: "東".repeat(6_000),
      toolCalls: Array.from({ length: 40 }, (_, n) => ({
        id: `c${n}`,
        name: "run_command",
        arguments: "x".repeat(99),
      })),
    };
    await using served = await started({
      brain: brainThat(() => Promise.resolve(huge)),
      onExchange: (record) => void heard.push(record),
    });
    await served.ask(question);
    const kept = heard[0]?.reply;
    expect(kept).toMatchObject({ cut: true, text: "東".repeat(Math.floor((16 * 1024) / 3)) });
    expect(kept?.calls).toHaveLength(32);
    expect(Buffer.byteLength(JSON.stringify(kept))).toBeLessThan(18 * 1024);
    expect(oversightRecordSchema.safeParse(heard[0]).success).toBe(true);
  });

  it("ends the run of an agent whose own server gives another name, and calls it no fault", async () => {
    const names = ["a", "b"];
    const complete = () => Promise.resolve({ ...reply, model: names.shift() ?? "b" });
    const halts: string[] = [];
    const brain = { ...brainThat(complete), provider: "self" as const };
    await using served = await started({ brain, onHalt: (why) => halts.push(why) });
    const answers = [await served.ask(question), await served.ask(question), await served.ask(question)];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 403]);
    expect(served.broker.counts).toMatchObject({ over: "own-brain", changedModel: null });
    expect(halts).toEqual(["own-brain"]);
  });

  it("ends the run of an agent that put another in the place of its own brain", async () => {
    const brain = brainThat(() => Promise.reject(new BrainError("replaced", "another")));
    await using served = await started({ brain });
    const answers = [await served.ask(question), await served.ask(question)];
    expect(answers.map(({ status }) => status)).toEqual([502, 403]);
    expect(served.broker.counts).toMatchObject({ over: "own-brain", unreachable: false, requests: 1 });
  });

  it("counts what a question used that was refused all the same", async () => {
    const error = new BrainError("refused", "no", { usage: { promptTokens: 7, completionTokens: 2 } });
    const records: ExchangeBody[] = [];
    await using served = await started({
      brain: brainThat(() => Promise.reject(error)),
      price: PRICE,
      onExchange: (record) => void records.push(record),
    });
    await served.ask(question);
    expect(served.broker.counts).toMatchObject({ promptTokens: 7, completionTokens: 2, costUsd: 11e-6 });
    expect(records).toMatchObject([
      { error: "refused", promptTokens: 7, completionTokens: 2, costUsd: 11e-6 },
    ]);
  });

  it("lets 64 questions wait and no more", async () => {
    let answer: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (answer = resolve));
    const talk = new BrokerTalk({
      brain: brainThat(() => gate.then(() => reply)),
      limits: { requests: 100 },
      signal: new AbortController().signal,
    });
    const request = brainRequest.parse(question);
    const asked = Array.from({ length: 70 }, () =>
      talk
        .ask(request, () => false)
        .then(
          () => 200,
          (error: unknown) => (error instanceof BrokerError ? error.status : 0),
        ),
    );
    expect(await Promise.all(asked.slice(64))).toEqual(Array.from({ length: 6 }, () => 429));
    answer();
    expect(await Promise.all(asked.slice(0, 64))).toEqual(Array.from({ length: 64 }, () => 200));
    await expect(talk.ask(request, () => false)).resolves.toMatchObject({ text: reply.text });
  });
});
