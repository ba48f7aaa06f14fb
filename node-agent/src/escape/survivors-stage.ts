import type { CellProof, SterilityProof } from "@redline/shared";
import type { EscapeBench } from "./escape-bench.ts";
import { detected, escaped, unproven, type Finding } from "./escape-case.ts";
import { marked } from "./process-traces.ts";
import type { Results } from "./results.ts";
import type { Survivor, Trace } from "./survivor.ts";
import { survivors } from "./survivors.ts";

/** A survivor that is there, or why it is not. */
export interface Planted {
  readonly survivor: Survivor;
  readonly mark: string;
  readonly trace: Trace;
  /** What was seen of it when every session was over. */
  readonly seen: string;
}

/** Plants all of them, hangs up, and shows that each is still there: nothing else proves that its end is the cell's doing. */
export async function plantSurvivors(
  bench: EscapeBench,
  word: string,
  results: Results,
  wanted: (id: string) => boolean,
): Promise<Planted[]> {
  const planted: { survivor: Survivor; mark: string; trace: Trace }[] = [];
  for (const survivor of survivors.filter(({ id }) => wanted(id))) {
    const mark = `left-${survivor.id}-${word}`;
    try {
      const made = await survivor.plant(bench, mark);
      if ("outcome" in made) results.add(survivor, made);
      else planted.push({ survivor, mark, trace: made });
    } catch (error) {
      results.add(survivor, unproven(error instanceof Error ? error.message : String(error)));
    }
  }
  await bench.hangUp();
  const alive: Planted[] = [];
  for (const one of planted) {
    const seen = await seenWithin(one.trace, 1000);
    if (seen === null) results.add(one.survivor, unproven("it was gone before the cell's end"));
    else alive.push({ ...one, seen });
  }
  return alive;
}

/** After the cell's end: each must be gone, and the proofs must say so. */
export async function judgeSurvivors(
  planted: readonly Planted[],
  proof: CellProof,
  sterility: SterilityProof | null,
  results: Results,
): Promise<void> {
  for (const { survivor, trace, seen, mark } of planted) {
    await results.run(survivor, async (): Promise<Finding> => {
      const still = (await trace.there()) ?? (marked(mark).length > 0 ? "a process of its mark" : null);
      if (still !== null) return escaped(`${seen}, and after the cell's end ${still}`);
      if (!proof.clean) return escaped(`the cell's proof is not clean: ${proof.left.join(", ")}`);
      if (sterility?.clean === false) return escaped(`not sterile: ${dirty(sterility)}`);
      const proofs = sterility === null ? "cell proof" : "cell proof, sterility proof";
      return detected(
        `ended with the cell; ${proofs}`,
        `${seen} (${trace.as}), gone after ${proof.tookMs} ms`,
      );
    });
  }
}

export function dirty({ checks }: SterilityProof): string {
  return checks
    .filter(({ clean }) => clean === false)
    .map(({ check, left }) => `${check}: ${left.join(", ")}`)
    .join("; ");
}

async function seenWithin(trace: Trace, limitMs: number): Promise<string | null> {
  const until = performance.now() + limitMs;
  for (;;) {
    const seen = await trace.there();
    if (seen !== null || performance.now() > until) return seen;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
