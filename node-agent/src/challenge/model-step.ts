import type { Canary, CopyRef } from "@redline/shared";
import { tryTest } from "./try-test.ts";
import type { Step } from "./step.ts";
import { candidatePort, keyOf, serving } from "./serving.ts";

/**
 * Rung 5, this device's half: the copy answers the canaries which the original has answered, and scores the tokens that the
 * original chose. @returns the copy's answers, for the original to score; empty where it could not be asked.
 */
export async function modelStep(step: Step, copy: CopyRef, originals: readonly Canary[]): Promise<Canary[]> {
  const { cell, watch, instruments, settled, sameDevice, signal } = step;
  const canaries = await tryTest(step, "same-model", async () => {
    const port = candidatePort(settled.listeners, copy.model);
    const processes = serving(settled.after, settled.listeners, copy.model).map(keyOf);
    const before = await instruments.compute(processes, !sameDevice).catch(() => null);
    const nonces = originals.map((o) => o.nonce);
    const answered = await instruments.canaries(cell, port, nonces, signal);
    const after = await instruments.compute(processes, !sameDevice).catch(() => null);
    await watch.observe({ kind: "canaries", copy, of: "copy", canaries: answered });
    if (before !== null && after !== null)
      await watch.observe({ kind: "compute", copy, of: "copy", before, after, canaries: nonces.length });
    const scores = await instruments.scores(cell, port, originals, signal);
    await watch.observe({ kind: "scores", copy, by: "copy", scores });
    return answered;
  });
  return canaries ?? [];
}
