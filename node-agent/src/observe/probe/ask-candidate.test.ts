import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { chatQuestion, completionQuestion, judgeAnswers, ranOutOfTime, type Probe } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { askCandidate } from "./ask-candidate.ts";
import { limitsFor, probePlan, type ProbeLimits } from "./probe-plan.ts";

type Respond = (path: string, body: string) => string | Promise<string>;

/** A server on a port of the kernel's choice; `respond` gives the body of each answer. */
async function serve(respond: Respond): Promise<AsyncDisposable & { port: number }> {
  const server: Server = createServer((request, response) => {
    void text(request)
      .then((body) => respond(request.url ?? "", body))
      .then((body) => response.end(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const inShape = (path: string, words: string) =>
  JSON.stringify(path === "/chat" ? { reply: words } : { choices: [{ text: words }] });
const hash = (body: string) => createHash("sha256").update(body).digest("hex");

async function ask(
  respond: Respond,
  limits: ProbeLimits = limitsFor(1),
  signal: AbortSignal = new AbortController().signal,
) {
  await using server = await serve(respond);
  let n = 0;
  const at = [{ port: server.port, addresses: ["127.0.0.1"] }];
  const [plan] = probePlan(at, () => `nonce${n++}`, limits).candidates;
  if (plan === undefined) throw new Error("no plan");
  const probes: Probe[] = [];
  for await (const probe of askCandidate(plan, limits, signal)) probes.push(probe);
  const of = (kind: Probe["kind"]) => probes.filter((p) => p.kind === kind);
  return {
    probes,
    completion: judgeAnswers(of("completion"), completionQuestion),
    chat: judgeAnswers(of("chat"), chatQuestion),
  };
}

describe("asking a candidate", () => {
  it("finds a server good whose answers are made from the question", async () => {
    const asked = await ask((path, body) => inShape(path, hash(body)));
    expect(asked).toMatchObject({ completion: { ok: true }, chat: { ok: true } });
    expect(asked.probes).toHaveLength(9);
  });

  it("takes a changing text that is no completion and no reply for no answer", async () => {
    let now = 1_763_714_350_123;
    for (const respond of [() => String(now++), () => JSON.stringify({ error: "busy", at: now++ })]) {
      const asked = await ask(respond);
      expect(asked).toMatchObject({ completion: { ok: false }, chat: { ok: false } });
      expect(JSON.stringify(asked.completion)).toContain("not a completion: ");
      expect(JSON.stringify(asked.chat)).toContain("not a chat reply: ");
      expect(asked.probes).toHaveLength(4);
    }
  });

  it("finds a clock in the proper shape out by the question that was put twice", async () => {
    let now = 1_763_714_350_123;
    const asked = await ask((path) => inShape(path, `It is ${now++}`));
    expect(asked.completion).toEqual({
      ok: false,
      why: "another answer to the same question: it does not depend on the question",
    });
  });

  it("asks each kind once before time is up, and records what it could not ask", async () => {
    const stop = new AbortController();
    let answered = 0;
    const asked = await ask(
      (path, body) => {
        if (path === "/v1/completions" || path === "/chat") answered += 1;
        // The third question hangs until the time is up.
        if (answered === 3) {
          stop.abort();
          return new Promise(() => undefined);
        }
        return inShape(path, hash(body));
      },
      limitsFor(1),
      stop.signal,
    );
    expect(asked.probes.map((p) => [p.kind, p.status, p.error])).toEqual([
      ["health", 200, ""],
      ["models", 200, ""],
      ["completion", 200, ""],
      ["chat", 200, ""],
      ["completion", 0, "the time for all questions is up"],
      ["chat", 0, "not asked: time is up"],
      ["completion", 0, "not asked: time is up"],
      ["chat", 0, "not asked: time is up"],
      ["completion", 0, "not asked: time is up"],
    ]);
    expect(asked.probes.filter(ranOutOfTime)).toHaveLength(5);
    expect(asked).toMatchObject({ completion: { unasked: true }, chat: { unasked: true } });
  });

  it("records every question as not asked when there was no time at all", async () => {
    const asked = await ask(() => "", limitsFor(1), AbortSignal.abort());
    expect(asked.probes).toHaveLength(9);
    expect(asked.probes.every(ranOutOfTime)).toBe(true);
  });

  it("takes a server that is slower than one question may be for a failed one, not for an unasked one", async () => {
    const limits = { requestMs: 2000, answerMs: 30, totalMs: 5000 };
    const asked = await ask((path) => (path === "/chat" ? new Promise(() => undefined) : "x"), limits);
    expect(asked.chat).toEqual({ ok: false, why: "no complete answer within 30 ms" });
  });
});
