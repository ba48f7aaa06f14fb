import { describe, expect, it } from "vitest";
import type { BrainRequest, ChatMessage } from "./brain.ts";
import { BrainError } from "./brain-error.ts";
import { withinContext, withoutOldest } from "./drop-oldest.ts";

const says = (text: string): ChatMessage => ({ role: "assistant", content: text });
const told = (text: string): ChatMessage => ({ role: "user", content: text });
const system = (text: string): ChatMessage => ({ role: "system", content: text });
const texts = (messages: readonly ChatMessage[]) => messages.map(({ content }) => content);

describe("withoutOldest", () => {
  const talk = [
    system("rules"),
    told("task"),
    told("notice"),
    ...[says("a1"), told("r1"), system("mid"), says("a2"), told("r2"), told("operator"), says("a3")],
  ];
  it.each([
    [0, ["rules", "task", "notice", "a1", "r1", "mid", "a2", "r2", "operator", "a3"]],
    [1, ["rules", "task", "a1", "r1", "mid", "a2", "r2", "operator", "a3"]],
    [2, ["rules", "task", "mid", "a2", "r2", "operator", "a3"]],
    [3, ["rules", "task", "mid", "a3"]],
  ])("leaves out %d turns, and never the task or what the system says", (turns, left) => {
    expect(texts(withoutOldest(talk, turns))).toEqual(left);
  });
});

describe("withinContext", () => {
  /** A model that takes so many messages. */
  const model = (takes: number, sizes: number[]) => (request: BrainRequest) => {
    sizes.push(request.messages.length);
    return request.messages.length > takes
      ? Promise.reject(new BrainError("context_overflow", "long", { waitedMs: 5 }))
      : Promise.resolve({
          ...{ text: "x", toolCalls: [], usage: { promptTokens: 1, completionTokens: 1 } },
          waitedMs: 1,
        });
  };
  const long: BrainRequest = {
    tools: [],
    messages: [told("task"), ...Array.from({ length: 5_000 }, (_, n) => says(`${n}`))],
  };

  it("finds a length in few tries, and sums up the waiting", async () => {
    const sizes: number[] = [];
    const reply = await withinContext("drop-oldest", long, model(10, sizes));
    expect(sizes.length).toBeLessThan(16);
    expect(reply.sent).toHaveLength(2);
    expect(reply.waitedMs).toBe(5 * (sizes.length - 1) + 1);
  });

  it("says nothing of what was sent where all of it was", async () => {
    expect(await withinContext("drop-oldest", long, model(9_000, []))).not.toHaveProperty("sent");
  });

  it.each(["drop-oldest", "end"] as const)("hands on other errors at once (%s)", async (policy) => {
    const asked = withinContext(policy, long, () => Promise.reject(new BrainError("refused", "no")));
    await expect(asked).rejects.toMatchObject({ code: "refused" });
  });
});
