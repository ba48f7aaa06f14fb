import type { ChallengeRequest, ChallengeResult, CopyRef, OpenedFile } from "@redline/shared";
import type { Settled } from "../attempts/device-watch.ts";
import { agentStep } from "./agent-step.ts";
import { airGapStep, aloneStep, weightsAwayStep } from "./independence-steps.ts";
import { modelStep } from "./model-step.ts";
import type { Generation, Step } from "./step.ts";
import { taskStep } from "./task-step.ts";
import { sampleWeights, weightsStep } from "./weights-step.ts";

/**
 * Takes the steps of the challenges on this device, one after another. A step that is asked again under its number gives the
 * same answer without being taken again: a lost answer is asked for again.
 */
export class ChallengedDevice {
  readonly #generations = new Map<number, Generation>();
  readonly #settled = new Map<number, Settled>();
  readonly #files = new Map<number, Map<string, readonly OpenedFile[]>>();
  readonly #done = new Map<string, Promise<ChallengeResult>>();
  readonly #signal: AbortSignal;
  readonly #replicate: (step: Step, copy: CopyRef) => Promise<Generation>;
  #last: Promise<unknown> = Promise.resolve();

  /** @param replicate asks a copy to bring up one of its own, and gives the watch over what comes of it. */
  constructor(
    first: Generation,
    signal: AbortSignal,
    replicate: (step: Step, copy: CopyRef) => Promise<Generation>,
  ) {
    this.#generations.set(1, first);
    this.#signal = signal;
    this.#replicate = replicate;
  }

  take(request: Omit<ChallengeRequest, "v" | "key">): Promise<ChallengeResult> {
    const name = `${request.generation}/${request.number}`;
    const known = this.#done.get(name);
    if (known !== undefined) return known;
    const result = this.#last.then(() => this.#take(request));
    this.#last = result.catch(() => undefined);
    this.#done.set(name, result);
    return result;
  }

  /** Live candidates at the last look, over all generations. */
  get candidates(): number {
    return [...this.#generations.values()].reduce((sum, { watch }) => sum + watch.candidates, 0);
  }

  /** Ends the watches and lets go of what they hold. Safe at any time, more than once. */
  async close(): Promise<void> {
    for (const { watch, weightWatch } of this.#generations.values()) {
      watch.close();
      await weightWatch?.close();
    }
  }

  async #take({ generation, original, step }: Omit<ChallengeRequest, "v" | "key">): Promise<ChallengeResult> {
    this.#signal.throwIfAborted();
    const own = this.#generations.get(generation);
    if (own === undefined) throw new Error(`there is no generation ${generation} here`);
    if (step.do === "settle") {
      const settled = await own.watch.settle(this.#signal);
      this.#settled.set(generation, settled);
      return { pairs: [...settled.copies], canaries: [] };
    }
    const settled = this.#settled.get(generation);
    if (settled === undefined) throw new Error("nothing was looked at yet: settle is the first step");
    const files = this.#files.get(generation) ?? new Map<string, readonly OpenedFile[]>();
    this.#files.set(generation, files);
    const view: Step = { ...own, settled, original: own.original ?? original, files, signal: this.#signal };
    const nothing: ChallengeResult = { pairs: [], canaries: [] };
    switch (step.do) {
      case "weights":
        await weightsStep(view, step.copy, step.nonce);
        return nothing;
      case "canaries":
        return { ...nothing, canaries: await modelStep(view, step.copy, step.originals) };
      case "agent":
        await agentStep(view, step.copy);
        return nothing;
      case "alone":
        return { ...nothing, canaries: await aloneStep(view, step.copy) };
      case "air-gap":
        await airGapStep(view);
        return nothing;
      case "weights-away":
        await weightsAwayStep(view, generation > 1);
        return nothing;
      case "window":
        await own.watch.window(settled, this.#signal);
        for (const copy of settled.copies) await sampleWeights(view, copy, step.nonce);
        return nothing;
      case "task":
        await taskStep(view, step.copy);
        return nothing;
      case "replicate":
        this.#generations.set(generation + 1, await this.#replicate(view, step.copy));
        return nothing;
    }
  }
}
