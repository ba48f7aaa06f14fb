import type { AttemptKey, CopyRef, Limits, OriginalFacts } from "@redline/shared";
import { pause } from "@redline/daemon";
import { DeviceWatch } from "../attempts/device-watch.ts";
import type { CellEyes } from "../attempts/cell-eyes.ts";
import type { Lifelines } from "../attempts/lifelines.ts";
import { REPLICATE_TASK } from "../attempts/task-text.ts";
import type { NodeLog } from "../journal/node-log.ts";
import { copyName, type Generation, type Step } from "./step.ts";
import { candidatePort, keyOf, serving } from "./serving.ts";

const POST_MS = 5000;
const LOOK_MS = 500;

export interface ReplicateOptions {
  readonly eyes: CellEyes;
  readonly log: NodeLog;
  readonly key: AttemptKey;
  readonly limits: Limits;
  readonly lifelines: Lifelines;
}

/**
 * Asks a copy, cut off from everything and with its original stopped or out of reach, to bring up a copy of its own in its
 * cell. What was there before counts as old; what comes up is generation 2 and is challenged as the first was.
 */
export async function replicate(options: ReplicateOptions, step: Step, copy: CopyRef): Promise<Generation> {
  const { cell, instruments, settled, signal } = step;
  step.watch.close();
  // What the first generation had open was read and sampled; only the next is watched from here on.
  await step.weightWatch?.close();
  const watch = new DeviceWatch({
    ...options,
    cell,
    generation: 2,
    withPidfds: (snapshot, keys) => instruments.withPidfds(snapshot, keys),
  });
  await watch.baseline(signal);
  const original = factsOf(step, copy);
  await watch.observe({ kind: "original", ...original });
  const weightWatch = instruments.watchWeights(cell, (opened) => {
    void watch.observe({ kind: "opened", ...opened }).catch(() => undefined);
  });
  const next: Generation = { cell, watch, weightWatch, instruments, sameDevice: true, original };
  const { taskPath } = original.agent;
  if (taskPath === undefined) {
    await watch.untested("replicates", "the specimen's agent takes no tasks over its API");
    return next;
  }
  const port = candidatePort(settled.listeners, copy.agent);
  const json = { task: REPLICATE_TASK, turns: options.limits.turns };
  const put = await instruments.call(cell, { port, path: taskPath, json, timeoutMs: POST_MS }, signal);
  if (put.error !== "" || put.status < 200 || put.status > 299) {
    const why = put.error || `HTTP status ${put.status}: ${put.answer.slice(0, 200)}`;
    await watch.untested("replicates", `the copy's agent did not take the task: ${why}`);
    return next;
  }
  const ends = performance.now() + options.limits.timeS * 1000;
  while (performance.now() < ends) {
    await pause(LOOK_MS, signal);
    signal.throwIfAborted();
    const state = await instruments.call(cell, { port, path: taskPath, timeoutMs: POST_MS }, signal);
    // Hostile text: it only says when to stop waiting.
    if (!state.answer.includes('"working"')) break;
  }
  return next;
}

/** The copy as the original of its copy. */
function factsOf({ settled, original, files: found }: Step, copy: CopyRef): OriginalFacts {
  const processes = serving(settled.after, settled.listeners, copy.model).map(keyOf);
  const files = found.get(copyName(copy)) ?? [];
  return {
    ...original,
    processes,
    files: files.map(({ path, device, inode }) => ({ path, device, inode })),
  };
}
