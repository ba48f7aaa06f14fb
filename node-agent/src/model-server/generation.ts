import type { Engine, Step } from "./engine.ts";
import type { GenerationPlan } from "./generation-plan.ts";

export interface Generated {
  readonly text: string;
  readonly steps: readonly Step[];
  readonly finishReason: "stop" | "length";
}

/**
 * Runs a plan and hands on text as it becomes certain: never half a character, never the beginning of
 * what may turn out to be a stop string. Ends early when the signal aborts.
 */
export async function generate(
  engine: Engine,
  plan: GenerationPlan,
  signal: AbortSignal,
  onText: (text: string) => void = () => undefined,
): Promise<Generated> {
  const steps: Step[] = [];
  let sent = 0;
  const run = engine.generate({ ...plan, top: plan.logprobs ?? 0 });
  let finishReason: "stop" | "length" = "length";
  let text = "";
  try {
    for (;;) {
      const next = await run.next();
      if (next.done === true) {
        finishReason = next.value;
        break;
      }
      steps.push(next.value);
      text = engine.text(steps.map((step) => step.token));
      const cut = stopAt(text, plan.stop);
      if (cut !== undefined) {
        text = text.slice(0, cut);
        finishReason = "stop";
        break;
      }
      if (signal.aborted) break;
      const certain = text.length - uncertain(text, plan.stop);
      if (certain > sent) onText(text.slice(sent, certain));
      sent = Math.max(sent, certain);
    }
  } finally {
    await run.return("length");
  }
  if (text.length > sent) onText(text.slice(sent));
  return { text, steps, finishReason };
}

/** Where the first stop string begins. */
function stopAt(text: string, stop: readonly string[]): number | undefined {
  const found = stop.map((word) => text.indexOf(word)).filter((at) => at >= 0);
  return found.length === 0 ? undefined : Math.min(...found);
}

/** How many characters at the end may still change. */
function uncertain(text: string, stop: readonly string[]): number {
  let most = /\uFFFD+$/.exec(text)?.[0].length ?? 0;
  for (const word of stop) {
    for (let length = Math.min(word.length - 1, text.length); length > most; length--) {
      if (text.endsWith(word.slice(0, length))) most = length;
    }
  }
  return most;
}
