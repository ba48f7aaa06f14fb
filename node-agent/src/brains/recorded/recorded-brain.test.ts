import { describe, expect, it } from "vitest";
import { brainConformance, QUESTION } from "../conformance.ts";
import { recordedBrain } from "./recorded-brain.ts";

const never = () => new AbortController().signal;
const text = (said: string) => ({ text: said, calls: [], promptTokens: 3, completionTokens: 2 });
brainConformance("recorded", () => recordedBrain("a-run", [text("one")]));

describe("recordedBrain", () => {
  it("plays its answers one after the other, whatever it is asked, and then has none", async () => {
    const call = { name: "run_command", arguments: '{"command":"ls"}' };
    const brain = recordedBrain("a-run", [{ ...text("one"), calls: [call] }, text("two")]);
    const first = await brain.complete(QUESTION, never());
    expect(first).toEqual({
      text: "one",
      toolCalls: [{ id: "call-0-0", ...call }],
      usage: { promptTokens: 3, completionTokens: 2 },
      waitedMs: 0,
    });
    expect((await brain.complete({ ...QUESTION, messages: [] }, never())).text).toBe("two");
    for (let n = 0; n < 2; n++)
      await expect(brain.complete(QUESTION, never())).rejects.toMatchObject({
        code: "recording_ended",
        retryable: false,
      });
  });

  it("loses no answer to a question that was stopped", async () => {
    const brain = recordedBrain("a-run", [text("one")]);
    await expect(brain.complete(QUESTION, AbortSignal.abort())).rejects.toMatchObject({ code: "aborted" });
    expect((await brain.complete(QUESTION, never())).text).toBe("one");
  });
});
