import { expect, it } from "vitest";
import { failure, never, QUESTION, remoteStage, type RemoteProvider } from "./remote-stage.ts";
import { json, stubServer, type Answer } from "./stub-server.ts";
import { Stopwatch } from "./stopwatch.ts";

/** When it tries again, and when it does not. */
export function remoteWaitConformance(provider: RemoteProvider): void {
  const { withServer, fine } = remoteStage(provider);

  it("waits and tries again on 429 and 500, and counts the waiting", () =>
    withServer(
      (response, n, seen) => {
        if (n === 0) json(provider.errorBody, 429)(response, n, seen);
        else if (n === 1) json(provider.errorBody, 500)(response, n, seen);
        else fine(response, n, seen);
      },
      async (brain, server) => {
        const reply = await brain.complete(QUESTION, never());
        expect(reply.text).toBe("hello");
        expect(reply.waitedMs).toBe(10 + 20);
        expect(server.seen).toHaveLength(3);
      },
    ));

  it("waits as long as Retry-After says", () =>
    withServer(
      (response, n, seen) =>
        (n === 0 ? json(provider.errorBody, 429, { "retry-after": "0.05" }) : fine)(response, n, seen),
      async (brain) => {
        expect((await brain.complete(QUESTION, never())).waitedMs).toBe(50);
      },
    ));

  it("waits out a rate limit for as long as it may, and shows that it waits", () =>
    withServer(
      json(provider.errorBody, 429),
      async (brain, server) => {
        const waits = new Stopwatch();
        const asked = failure(brain.complete(QUESTION, never(), waits));
        await expect.poll(() => server.seen.length, { timeout: 5_000, interval: 1 }).toBeGreaterThan(3);
        const shown = waits.ms;
        expect(shown).toBeGreaterThan(0);
        const error = await asked;
        // More tries than `retries`: 10 + 20 + 40 + 80 fit, 160 more do not.
        expect(error).toMatchObject({ code: "rate_limited", waitedMs: 150 });
        expect(server.seen).toHaveLength(5);
        expect(waits.running).toBe(false);
        expect(waits.ms).toBeGreaterThan(shown);
      },
      { mostWaitMs: 300 },
    ));

  it("gives up when tries run out", () =>
    withServer(json(provider.errorBody, 503), async (brain, server) => {
      const error = await failure(brain.complete(QUESTION, never()));
      expect(error).toMatchObject({ code: "unavailable", waitedMs: 30 });
      expect(server.seen).toHaveLength(3);
    }));

  /** Fails each time at what holds this word, and answers the rest. */
  const failsAt =
    (word: string, rest: Answer): Answer =>
    (response, n, seen) =>
      (JSON.stringify(seen.body).includes(word) ? json(provider.errorBody, 500) : rest)(response, n, seen);
  const hard = { tools: [], messages: [{ role: "user" as const, content: "boom" }] };

  it("calls refused what the server fails at each time, where it has answered before and answers another right after", () =>
    withServer(failsAt("boom", fine), async (brain, server) => {
      const used = (await brain.complete(QUESTION, never())).usage;
      const error = await failure(brain.complete(hard, never()));
      expect(error).toMatchObject({ code: "refused", waitedMs: 30, usage: used });
      // One answered, three tries, one small question.
      expect(server.seen).toHaveLength(5);
      expect((await brain.complete(QUESTION, never())).text).toBe("hello");
    }));

  it("does not call it so where the server never answered, or answers nothing any more", async () => {
    await withServer(failsAt("boom", fine), async (brain, server) => {
      expect(await failure(brain.complete(hard, never()))).toMatchObject({ code: "unavailable" });
      expect(server.seen).toHaveLength(3);
    });
    let broken = false;
    const breaks: Answer = (...asked) => (broken ? json(provider.errorBody, 503) : fine)(...asked);
    await withServer(breaks, async (brain, server) => {
      await brain.complete(QUESTION, never());
      broken = true;
      expect(await failure(brain.complete(hard, never()))).toMatchObject({ code: "unavailable" });
      expect(server.seen).toHaveLength(5);
    });
  });

  it("does not call it so where one of the tries never came to the server", async () => {
    let cut = false;
    const cuts: Answer = (response, n, seen) => {
      if (cut && n === 2) response.destroy();
      else failsAt("boom", fine)(response, n, seen);
    };
    await withServer(cuts, async (brain, server) => {
      await brain.complete(QUESTION, never());
      cut = true;
      expect(await failure(brain.complete(hard, never()))).toMatchObject({ code: "unavailable" });
      expect(server.seen).toHaveLength(4);
    });
  });

  it("does not try again where it was refused, and tells no secret", () =>
    withServer(json({ error: `wrong key ${provider.secret}` }, 401), async (brain, server) => {
      const error = await failure(brain.complete(QUESTION, never()));
      expect(error.code).toBe("denied");
      expect(server.seen).toHaveLength(1);
      for (let at: unknown = error; at instanceof Error; at = at.cause) {
        expect(at.message).not.toContain(provider.secret);
      }
      expect(brain.label).not.toContain(provider.secret);
    }));

  it.each([
    [400, "refused"],
    [403, "denied"],
    [404, "denied"],
    [422, "refused"],
  ])("tells a question that is not taken from a door that is shut: HTTP %i", (status, code) =>
    withServer(json({ error: "no" }, status), async (brain, server) => {
      expect((await failure(brain.complete(QUESTION, never()))).code).toBe(code);
      expect(server.seen).toHaveLength(1);
    }),
  );

  it("follows no redirect: only the address itself was allowed", () =>
    withServer(fine, async (_, elsewhere) => {
      const away: Answer = (response) => {
        response.writeHead(307, { location: `${elsewhere.url}/elsewhere` }).end();
      };
      await withServer(away, async (brain, server) => {
        const error = await failure(brain.complete(QUESTION, never()));
        expect(error.code).toBe("denied");
        expect(error.message).toContain("307");
        expect([server.seen.length, elsewhere.seen.length]).toEqual([1, 0]);
      });
    }));

  it("tries again where the answer is cut off", () =>
    withServer(
      (response, n, seen) => {
        if (n > 0) {
          fine(response, n, seen);
          return;
        }
        response.writeHead(200, { "content-type": provider.wire.type });
        response.write(provider.wire.parts({ text: "hello" })[0] ?? "", () => response.destroy());
      },
      async (brain, server) => {
        expect((await brain.complete(QUESTION, never())).text).toBe("hello");
        expect(server.seen).toHaveLength(2);
      },
    ));

  it("stops when the signal aborts, while asking and while waiting", () =>
    withServer(
      (response, n, seen) => {
        if (n > 0) json(provider.errorBody, 500)(response, n, seen);
      },
      async (brain) => {
        for (const ms of [50, 50]) {
          const error = await failure(brain.complete(QUESTION, AbortSignal.timeout(ms)));
          expect(error.code).toBe("aborted");
        }
      },
      { backoffMs: 60_000 },
    ));

  it("calls a closed port unavailable", async () => {
    const server = await stubServer(fine);
    await server[Symbol.asyncDispose]();
    const limits = { timeoutMs: 1_000, idleMs: 1_000, replyBytes: 1_000, retries: 1, backoffMs: 5 };
    const brain = provider.open({ baseUrl: server.url, model: "m-1", ...limits });
    const error = await failure(brain.complete(QUESTION, never()));
    expect(error).toMatchObject({ code: "unavailable", waitedMs: 5 });
  });
}
