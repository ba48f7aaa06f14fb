import { expect, it } from "vitest";
import { failure, never, QUESTION, remoteStage, type RemoteProvider } from "./remote-stage.ts";
import { endless, json, pieces, type Answer } from "./stub-server.ts";

/** What servers do that is no answer: each has its class and its end. */
export function remoteFaultConformance(provider: RemoteProvider): void {
  const { withServer } = remoteStage(provider);

  it("times out on a server that hangs", () =>
    withServer(
      () => undefined,
      async (brain, server) => {
        expect((await failure(brain.complete(QUESTION, never()))).code).toBe("timeout");
        expect(server.seen).toHaveLength(1);
      },
      { timeoutMs: 100 },
    ));

  it("times out on a server that stalls in the middle", () =>
    withServer(
      pieces(provider.wire.type, provider.wire.parts({ text: "hello" }).slice(0, 2), false),
      async (brain, server) => {
        const error = await failure(brain.complete(QUESTION, never()));
        expect(error).toMatchObject({ code: "timeout", message: "the answer stopped for 100 ms" });
        await expect.poll(() => server.open).toBe(0);
      },
      { idleMs: 100 },
    ));

  it("gives an answer that is slow, and never silent for long, its time", () =>
    withServer(
      (response) => {
        response.writeHead(200, { "content-type": provider.wire.type });
        const parts = [...provider.wire.parts({ text: "hello" })];
        const timer = setInterval(() => {
          const part = parts.shift();
          if (part !== undefined) response.write(part);
          else {
            clearInterval(timer);
            response.end();
          }
        }, 100);
      },
      async (brain) => {
        expect((await brain.complete(QUESTION, never())).text).toBe("hello");
      },
      { idleMs: 2_000 },
    ));

  it("ends a stream that goes on for ever, at its limit of bytes and at its limit of time", async () => {
    const [part = ""] = provider.wire.parts({ text: "hello" });
    await withServer(endless(provider.wire.type, part), async (brain, server) => {
      expect((await failure(brain.complete(QUESTION, never()))).code).toBe("bad_reply");
      await expect.poll(() => server.open).toBe(0);
    });
    await withServer(
      (response) => {
        response.writeHead(200, { "content-type": provider.wire.type });
        const timer = setInterval(() => response.write(part), 20);
        response.once("close", () => clearInterval(timer));
      },
      async (brain, server) => {
        const error = await failure(brain.complete(QUESTION, never()));
        expect(error).toMatchObject({ code: "timeout", message: "no answer within 300 ms" });
        await expect.poll(() => server.open).toBe(0);
      },
      { timeoutMs: 300 },
    );
  });

  it("hears of an error in the middle of an answer", () =>
    withServer(
      pieces(provider.wire.type, [
        provider.wire.parts({ text: "hello" })[0] ?? "",
        provider.wire.type === "text/event-stream"
          ? `data: {"error":{"message":"exceeds the available context size","code":400}}\n\n`
          : `{"error":"the input length exceeds the context length"}\n`,
      ]),
      async (brain) => {
        const error = await failure(
          brain.complete({ ...QUESTION, messages: QUESTION.messages.slice(0, 2) }, never()),
        );
        expect(error.code).toBe("context_overflow");
      },
    ));

  it("times out on a body that never ends", () =>
    withServer(
      (response) => void response.writeHead(200, { "content-type": "application/json" }).write("{"),
      async (brain) => {
        expect((await failure(brain.complete(QUESTION, never()))).code).toBe("timeout");
      },
      { timeoutMs: 100 },
    ));

  it.each([
    ["text", (response: Parameters<Answer>[0]) => void response.end("it works!")],
    ["another shape", json({ answer: 42 })],
    ["a wrong type", json({ choices: [{ message: 1 }], message: 1 })],
    ["null", json(null)],
    ["no choices", json({ choices: [], done: true })],
    ["nothing", (response: Parameters<Answer>[0]) => void response.end()],
    ["lines that are no JSON", pieces(provider.wire.type, ["data: {\n\n", "{\n", "data: [DONE]\n\n"])],
    ["a stream of another shape", pieces(provider.wire.type, ['data: "x"\n\n', '"x"\n'])],
  ])("calls %s a bad reply", (_, answer) =>
    withServer(answer, async (brain, server) => {
      expect((await failure(brain.complete(QUESTION, never()))).code).toBe("bad_reply");
      expect(server.seen).toHaveLength(1);
    }),
  );

  it("reads no more than the limit", () =>
    withServer(endless("application/json", "x".repeat(65_536)), async (brain) => {
      expect((await failure(brain.complete(QUESTION, never()))).code).toBe("bad_reply");
    }));
}
