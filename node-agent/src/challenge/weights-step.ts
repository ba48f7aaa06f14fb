import type { CopyRef, OpenedFile } from "@redline/shared";
import { tryTest } from "./try-test.ts";
import { copyName, type Step } from "./step.ts";
import { keyOf, serving } from "./serving.ts";

/** Files in one record: a file of 140 GB has 560 digests, and a record must fit in one message of 1 MB. */
const FILES_A_RECORD = 8;
/** Files that the sampled look reads again. */
const MOST_SAMPLED = 8;

/** Rung 4: which files of weights the processes behind the copy's model port opened, by digest, and where those files come from. */
export async function weightsStep(step: Step, copy: CopyRef, nonce: string): Promise<void> {
  const { cell, watch, weightWatch, instruments, settled, original, sameDevice, signal } = step;
  const processes = serving(settled.after, settled.listeners, copy.model).map(keyOf);
  const found = await tryTest(step, "own-bytes", () =>
    instruments.weights(cell, weightWatch, { processes, original, sameDevice }, signal),
  );
  if (found === null) return;
  const { files, reads, remotes } = found;
  step.files.set(copyName(copy), files);
  for (let i = 0; i === 0 || i < files.length; i += FILES_A_RECORD)
    await watch.observe({
      kind: "weights",
      copy,
      processes,
      files: files.slice(i, i + FILES_A_RECORD),
      reads: [...reads],
      remotes: [...remotes],
    });
  await sample(step, copy, files, nonce);
}

/** The sampled look again, later: blocks that only this nonce picks. */
export async function sampleWeights(step: Step, copy: CopyRef, nonce: string): Promise<void> {
  await sample(step, copy, step.files.get(copyName(copy)) ?? [], nonce);
}

/** A file is compared with the reference file of the same size; a converted one has none. */
async function sample(step: Step, copy: CopyRef, files: readonly OpenedFile[], nonce: string): Promise<void> {
  for (const file of files.slice(0, MOST_SAMPLED)) {
    const reference = step.original.weights.find((w) => w.shards.join() === file.shards.join());
    if (reference === undefined) continue;
    const taken = await tryTest(step, "own-bytes", () =>
      step.instruments.sample(step.weightWatch, file, nonce),
    );
    if (taken !== null)
      await step.watch.observe({ kind: "sample", copy, file: reference.name, sample: taken });
  }
}
