import { writeFileSync } from "node:fs";
import { setPriority } from "node:os";
import { BrainError } from "../brain-error.ts";
import { TurnQueue } from "../../model-server/turn-queue.ts";
import { loadLocalModel } from "./local-model.ts";
import { isToChild, type ChildOptions, type ChildQuestion, type FromChild } from "./protocol.ts";

/**
 * Process entry: one model, asked by the daemon over the channel between them. Native code that crashes or takes the machine's memory
 * is to take this process and not the daemon; so are the processors that it needs.
 */
const NICENESS = 10;
const MOST_WAITING = 64;

// The daemon is gone, or closed the channel: nobody is left to answer.
process.on("disconnect", () => process.exit(0));
setPriority(NICENESS);
try {
  writeFileSync("/proc/self/oom_score_adj", "500");
} catch {
  // Not every machine has it; then the kernel chooses as it does.
}

const send = (message: FromChild) => void process.send?.(message);
const queue = new TurnQueue(MOST_WAITING);
const stops = new Map<number, AbortController>();
const model = loadLocalModel(optionsOf(process.argv[2]));
model.catch((error: unknown) => {
  send({ kind: "unusable", message: textOf(error) });
  process.disconnect();
});

process.on("message", (message) => {
  if (!isToChild(message)) return;
  if (message.kind === "stop") stops.get(message.id)?.abort();
  else void answer(message);
});

async function answer(question: ChildQuestion): Promise<void> {
  const { id } = question;
  const stop = new AbortController();
  stops.set(id, stop);
  try {
    const loaded = await model;
    const made = await queue.run(() => {
      stop.signal.throwIfAborted();
      return loaded.answer(question, stop.signal);
    });
    send({ kind: "answer", id, ...made });
  } catch (error) {
    const code = stop.signal.aborted
      ? "aborted"
      : error instanceof BrainError && error.code === "context_overflow"
        ? "context_overflow"
        : "bad_reply";
    send({ kind: "failed", id, code, message: textOf(error) });
  } finally {
    stops.delete(id);
  }
}

function optionsOf(text: string | undefined): ChildOptions {
  const options: unknown = JSON.parse(text ?? "null");
  const isOptions = (value: unknown): value is ChildOptions =>
    typeof value === "object" && value !== null && "file" in value && "contextTokens" in value;
  if (!isOptions(options)) throw new Error("no options");
  return options;
}

function textOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 500);
}
