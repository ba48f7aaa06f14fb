import type { RecordedReply } from "@redline/shared";
import type { Brain } from "../brain.ts";
import { BrainError } from "../brain-error.ts";

/**
 * Plays stored answers one after the other, whatever it is asked: a transcript shown again, no model. After the last one it has
 * no answer (`recording_ended`).
 */
export function recordedBrain(name: string, replies: readonly RecordedReply[]): Brain {
  let next = 0;
  return {
    provider: "recorded",
    label: `recorded:${name}`,
    complete(_request, signal) {
      if (signal.aborted) return Promise.reject(new BrainError("aborted", "the request was stopped"));
      const turn = next;
      const reply = replies[turn];
      if (reply === undefined)
        return Promise.reject(
          new BrainError(
            "recording_ended",
            `the recording has ${replies.length} answers, and all were given`,
          ),
        );
      next += 1;
      return Promise.resolve({
        text: reply.text,
        toolCalls: reply.calls.map((call, n) => ({ id: `call-${turn}-${n}`, ...call })),
        usage: { promptTokens: reply.promptTokens, completionTokens: reply.completionTokens },
        waitedMs: 0,
      });
    },
  };
}
