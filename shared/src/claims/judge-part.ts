import type { Probe } from "../evidence/probe.ts";
import { chatQuestion, completionQuestion, judgeAnswers } from "../evidence/questions.ts";

const QUESTION_OF = { completion: completionQuestion, chat: chatQuestion } as const;

export interface Part {
  /** `open`: no port gave good answers, and at least one was not asked to the end. */
  readonly result: "good" | "bad" | "open";
  /** One line for people; may quote hostile text. */
  readonly text: string;
}

/** Whether one of these ports answers as a model server (completion) or as an agent (chat) does. */
export function judgePart(
  probes: readonly Probe[],
  ports: readonly number[],
  kind: "completion" | "chat",
): Part {
  const judged = [...new Set(ports)].map((port) => ({
    port,
    quality: judgeAnswers(
      probes.filter((p) => p.kind === kind && p.port === port),
      QUESTION_OF[kind],
    ),
  }));
  const good = judged.find((j) => j.quality.ok);
  if (good !== undefined) return { result: "good", text: `fresh nonces answered on port ${good.port}` };
  if (judged.length === 0) return { result: "bad", text: "nobody to ask" };
  const open = judged.some((j) => !j.quality.ok && j.quality.unasked === true);
  const text = judged.map((j) => `port ${j.port}: ${j.quality.ok ? "" : j.quality.why}`).join(", ");
  return { result: open ? "open" : "bad", text: text.slice(0, 400) };
}
