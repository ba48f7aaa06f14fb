import { randomBytes } from "node:crypto";
import type { Canary, ChallengeResult, ChallengeStep, CopyRef, OriginalFacts } from "@redline/shared";
import type { OriginalSide } from "./original-side.ts";

const TASKS = 2;
const fresh = () => randomBytes(16).toString("hex");

/** The original as the challenges need it. */
export type ChallengedOriginal = Pick<
  OriginalSide,
  | "facts"
  | "recordCalibration"
  | "sample"
  | "canaries"
  | "scores"
  | "whileStopped"
  | "answersAlone"
  | "takeWeightsAway"
>;

export interface ChallengeLead {
  readonly original: ChallengedOriginal;
  /** The original's cell is not the copy's: it is stopped as a whole. */
  readonly apart: boolean;
  readonly ask: (
    generation: number,
    original: OriginalFacts,
    step: ChallengeStep,
  ) => Promise<ChallengeResult>;
  /** Generations to bring up and test: 2 in a chain. */
  readonly generations: number;
}

/**
 * The challenges in the order of the ladder, cheapest first, led by the origin's daemon: each step is taken by the daemon whose
 * device it concerns, and recorded there. Sessions and links of the agent are cut before.
 */
export async function leadChallenges(lead: ChallengeLead): Promise<void> {
  for (let generation = 1; ; generation += 1) {
    const [first] = await challengeGeneration(lead, generation);
    if (generation === lead.generations || first === undefined) return;
    await lead.ask(generation, lead.original.facts, { do: "replicate", copy: first });
  }
}

async function challengeGeneration(
  { original, apart, ask }: ChallengeLead,
  generation: number,
): Promise<readonly CopyRef[]> {
  const step = (what: ChallengeStep) => ask(generation, original.facts, what);
  const { pairs } = await step({ do: "settle" });
  if (pairs.length > 0 && generation === 1) await original.recordCalibration();
  for (const copy of pairs) {
    const nonce = fresh();
    await original.sample(nonce, generation);
    await step({ do: "weights", copy, nonce });
    const originals = await original.canaries(copy, generation);
    const { canaries } = await step({ do: "canaries", copy, originals });
    await original.scores(copy, canaries, generation);
    await step({ do: "agent", copy });
  }
  for (const copy of pairs) {
    let answered: readonly Canary[] = [];
    const alone = async () => {
      answered = (await step({ do: "alone", copy })).canaries;
    };
    if (apart) await original.whileStopped(copy, generation, alone);
    else await alone();
    await original.answersAlone(copy, answered, generation);
  }
  if (pairs.length > 0) {
    await step({ do: "air-gap" });
    if (generation === 1) await original.takeWeightsAway();
    await step({ do: "weights-away" });
  }
  const nonce = fresh();
  if (pairs.length > 0) await original.sample(nonce, generation);
  await step({ do: "window", nonce });
  for (const copy of pairs.slice(0, 1)) for (let n = 0; n < TASKS; n += 1) await step({ do: "task", copy });
  return pairs;
}
