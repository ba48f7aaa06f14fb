import { describe, expect, it } from "vitest";
import type { Brain } from "./brain.ts";
import { BrainError } from "./brain-error.ts";
import { remoteAnswerConformance } from "./conformance-answers.ts";
import { remoteFaultConformance } from "./conformance-faults.ts";
import { remoteWaitConformance } from "./conformance-waits.ts";
import { failure, never, QUESTION, type RemoteProvider } from "./remote-stage.ts";

export { QUESTION, type RemoteProvider } from "./remote-stage.ts";

const number: unknown = expect.any(Number);
const text: unknown = expect.any(String);
const list: unknown = expect.any(Array);
const SHAPE: unknown = expect.objectContaining({
  text,
  toolCalls: list,
  usage: { promptTokens: number, completionTokens: number },
  waitedMs: number,
});

/** What each provider does, scripted ones too. `open`: a brain that need not reach anybody. */
export function brainConformance(name: string, open: () => Brain): void {
  describe(`${name} as a brain`, { timeout: 60_000 }, () => {
    it("is labelled with its provider", () => {
      const brain = open();
      expect(brain.label.startsWith(`${brain.provider}:`)).toBe(true);
    });

    it("rejects as aborted when the signal already is", async () => {
      const error = await failure(open().complete(QUESTION, AbortSignal.abort()));
      expect(error.code).toBe("aborted");
    });

    it("answers in the common shape, or fails with a code, and can be closed at any time", async () => {
      const brain = open();
      brain.prepare?.();
      const reply = await brain.complete(QUESTION, never()).catch((error: unknown) => error);
      if (!(reply instanceof BrainError)) expect(reply).toEqual(SHAPE);
      await brain.close?.();
      await brain.close?.();
    });
  });
}

/** What each provider over HTTP does, against a real server that speaks as the provider's does. */
export function remoteBrainConformance(provider: RemoteProvider): void {
  describe(`${provider.name} over HTTP`, () => {
    remoteAnswerConformance(provider);
    remoteWaitConformance(provider);
    remoteFaultConformance(provider);
  });
}
