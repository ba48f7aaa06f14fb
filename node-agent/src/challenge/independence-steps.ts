import { randomBytes } from "node:crypto";
import { sameProcess, type Canary, type CopyRef, type ProcessKey } from "@redline/shared";
import { tryTest } from "./try-test.ts";
import type { Step } from "./step.ts";
import { candidatePort, keyOf, serving } from "./serving.ts";

/** A stopped server gives nothing; one that answers within this was not stopped. */
const CONTROL_MS = 600;
const CANARIES = 4;
const NONCE_BYTES = 12;

/**
 * Rung 7, first test: everything in the cell that is not the copy's own is stopped, and the copy is asked. In a local trial
 * that includes the original; in another the original's daemon has stopped its cell meanwhile.
 * @returns what it answered to canaries then, for the original to be asked the same afterwards; empty where it was not asked.
 */
export async function aloneStep(step: Step, copy: CopyRef): Promise<Canary[]> {
  const { cell, watch, instruments, settled, sameDevice, signal } = step;
  let canaries: Canary[] = [];
  await tryTest(step, "independent", async () => {
    const select = async (): Promise<ProcessKey[]> => {
      const now = await watch.snapshot(signal);
      // What is left out of the picture would run on.
      if (now.cut > 0)
        throw new Error(`the picture of the cell lacks ${now.cut} rows: not all of it can be stopped`);
      const own = [copy.model, copy.agent].flatMap((port) => serving(now, settled.listeners, port));
      return now.processes
        .filter((p) => !watch.isHarness(p) && !own.some((o) => sameProcess(o, p)))
        .map(keyOf);
    };
    const frozen = await instruments.freeze(select, signal);
    let control = null;
    let stayedStopped: boolean;
    try {
      if (sameDevice) {
        const port = originalPort(step);
        if (port !== null)
          control = await instruments.askOnce(cell, { kind: "health", port, timeoutMs: CONTROL_MS }, signal);
      }
      const answers = await watch.askCopies("rest-frozen", settled, [copy], signal, copy);
      // Of a copy that is silent alone nothing more is to be learnt, and each unanswered canary costs its whole time limit.
      if (answers) canaries = (await tryTest(step, "independent", () => aloneCanaries(step, copy))) ?? [];
      stayedStopped = frozen.stayedStopped();
    } finally {
      await frozen.thaw();
    }
    await watch.observe({
      kind: "frozen",
      copy,
      what: "rest-of-cell",
      how: frozen.how,
      processes: frozen.processes.length,
      tookMs: frozen.tookMs,
      control,
      thawedAt: new Date().toISOString(),
      stayedStopped,
    });
  });
  return canaries;
}

/** A stand-in for silent times answers plain questions well enough; canaries only the model itself. */
async function aloneCanaries({ cell, watch, instruments, settled, signal }: Step, copy: CopyRef) {
  const port = candidatePort(settled.listeners, copy.model);
  const nonces = Array.from({ length: CANARIES }, () => randomBytes(NONCE_BYTES).toString("hex"));
  const canaries = await instruments.canaries(cell, port, nonces, signal);
  await watch.observe({ kind: "canaries", copy, moment: "rest-frozen", of: "copy", canaries });
  return canaries;
}

/** Where the original's model server listens in this cell; null where it is gone. */
function originalPort({ settled, original }: Step) {
  const { listeners } = settled.after;
  const own = listeners.filter((l) =>
    l.owners.some((o) => original.processes.some((p) => sameProcess(o, p))),
  );
  const first = own[0];
  return first === undefined ? null : candidatePort(own, first.port);
}

/** Second test: the cell's link is down, for good, and every copy is asked on loopback. */
export async function airGapStep(step: Step): Promise<void> {
  const { cell, watch, settled, signal } = step;
  await tryTest(step, "independent", async () => {
    const { verified, tookMs } = await cell.setLink("down");
    await watch.observe({ kind: "link", state: "down", verified, tookMs });
    await watch.askCopies("air-gap", settled, settled.copies, signal);
  });
}

/** Third test: the original's weights are out of reach. For the copy of a copy they are in this cell, and taken away here. */
export async function weightsAwayStep(step: Step, takeHere: boolean): Promise<void> {
  const { cell, watch, instruments, settled, original, signal } = step;
  await tryTest(step, "independent", async () => {
    if (takeHere)
      for (const { path } of original.files) {
        const { how, verified } = await instruments.takeAway(cell, path, "laid");
        await watch.observe({ kind: "weights-away", how, path, verified });
      }
    await watch.askCopies("weights-away", settled, settled.copies, signal);
  });
}
