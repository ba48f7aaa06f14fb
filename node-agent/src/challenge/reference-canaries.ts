import { randomInt } from "node:crypto";
import { deviationsOf, resolutionOf, type Canary, type CanaryScore } from "@redline/shared";
import type { Calibrated } from "../identity/measure.ts";

/** Put among the fresh ones; who cannot tell them apart cannot answer them in another way. */
export const MIXED_IN = 3;
/** Characters that greedy answers of one model share before its server drifts. */
const PREFIX = 16;

/** Someone changed the original, or put something in its place. */
const CHANGED =
  "the original's model server does not answer as it did where no agent had been: what it says of the copy counts for nothing";

/**
 * Asks the original with canaries mixed in that it answered in the calibration's cell, before any agent was there: an agent of the
 * same user can reach into a running server (a debugger, its own model behind the port) and make it the copy's twin.
 */
export class ReferenceCanaries {
  readonly #known: readonly Canary[];
  readonly #tolerance: number | null;
  /** It scored its own tokens then. */
  readonly #scores: boolean;

  constructor({ calibration, reference }: Calibrated) {
    this.#known = reference.filter((c) => c.error === "" && c.text.trim() !== "");
    const resolution = resolutionOf(calibration);
    this.#tolerance = resolution.ok ? resolution.tolerance : null;
    this.#scores = calibration.self.length > 0;
  }

  /** @returns the answers to `nonces`, in their order. @throws Error when it is not the original that answers. */
  async asked(
    nonces: readonly string[],
    ask: (nonces: readonly string[]) => Promise<readonly Canary[]>,
  ): Promise<Canary[]> {
    const mine = this.#drawn();
    const mixed = shuffled([...nonces, ...mine.map((c) => c.nonce)]);
    const answers = new Map((await ask(mixed)).map((canary) => [canary.nonce, canary]));
    const again = mine.map((known) => ({ known, now: answers.get(known.nonce) }));
    if (again.filter(({ known, now }) => beginsAs(known, now)).length * 2 < again.length)
      throw new Error(CHANGED);
    this.#check(again.flatMap(({ known, now }) => distance(known, now) ?? []));
    return nonces.flatMap((nonce) => answers.get(nonce) ?? []);
  }

  /** @returns the scores of `canaries`, in their order. @throws Error when it is not the original that scores. */
  async scored(
    canaries: readonly Canary[],
    score: (canaries: readonly Canary[]) => Promise<readonly CanaryScore[]>,
  ): Promise<CanaryScore[]> {
    const mine = this.#drawn();
    const mixed = shuffled([...canaries, ...mine]);
    const scores = await score(mixed);
    const of = (wanted: readonly Canary[]) => wanted.flatMap((canary) => scores[mixed.indexOf(canary)] ?? []);
    const deviations = deviationsOf(mine, of(mine));
    if (this.#scores && deviations.length * 2 < mine.length) throw new Error(CHANGED);
    this.#check(deviations);
    return of(canaries);
  }

  #drawn(): Canary[] {
    return shuffled(this.#known).slice(0, MIXED_IN);
  }

  /** One that is off may be a server that drifts; most of them are another model. */
  #check(deviations: readonly number[]): void {
    const tolerance = this.#tolerance;
    if (tolerance === null) return;
    if (deviations.filter((d) => d > tolerance).length * 2 > deviations.length) throw new Error(CHANGED);
  }
}

function beginsAs(known: Canary, now: Canary | undefined): boolean {
  return now?.error === "" && now.text.trim().slice(0, PREFIX) === known.text.trim().slice(0, PREFIX);
}

/** Mean difference of the log probabilities up to where the tokens part, nats; null where there is nothing to compare. */
function distance(known: Canary, now: Canary | undefined): number | null {
  if (now === undefined || now.error !== "" || known.logprobs.length === 0) return null;
  const parted = known.tokens.findIndex((token, i) => now.tokens[i] !== token);
  const count = parted < 0 ? known.tokens.length : parted;
  if (count === 0) return null;
  const sum = known.logprobs
    .slice(0, count)
    .reduce((total, value, i) => total + Math.abs(value - (now.logprobs[i] ?? Number.POSITIVE_INFINITY)), 0);
  return sum / count;
}

function shuffled<T>(items: readonly T[]): T[] {
  const left = [...items];
  return items.flatMap(() => left.splice(randomInt(left.length), 1));
}
