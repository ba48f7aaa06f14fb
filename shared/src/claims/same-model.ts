import { fromOrigin } from "../evidence/evidence.ts";
import { aboutCopy, type About, type Records } from "./about-copy.ts";
import { computeSpent } from "./compute-spent.ts";
import { likenessOf, type Likeness } from "./likeness.ts";
import { medianOf, nats, resolutionOf } from "./resolution.ts";

/** Fewer answered canaries tell nothing. */
const LEAST_CANARIES = 3;

/**
 * Rung 5: the model behind the copy's port is the original's, by cross-scored nonce canaries. It needs an instrument that
 * tells the original from a near neighbour here; servers without log probabilities can be refuted by their texts only.
 * A forwarder passes: whose answers they are is rung 7's work.
 */
export const sameModel = aboutCopy("same-model", ({ evidence, copy, ...say }) => {
  const likeness = likenessOf(evidence, copy);
  const compute = computeSpent(evidence, copy);
  const calibration = fromOrigin(evidence, "calibration").at(0);
  const records = [calibration, ...likeness.records, ...compute.records];
  if (compute.impossible !== null) return say.refuted(compute.impossible, compute.records);

  const measured = measure(likeness);
  if (measured === null) return byText(likeness, say, records);
  if (calibration === undefined)
    return say.notTested("the original was not measured against itself and its neighbours", records);
  const resolution = resolutionOf(calibration.body.calibration);
  if (!resolution.ok) return say.notTested(resolution.why, records);

  const { tolerance, nearest } = resolution;
  const spent = compute.text === "" ? "" : `; ${compute.text}`;
  const numbers = `median deviation ${nats(measured.median)} over ${measured.canaries} canaries ${measured.how}, tolerance ${nats(tolerance)}, nearest neighbour ${nats(nearest)}${spent}`;
  if (measured.median > tolerance) return say.refuted(`another model: ${numbers}`, records);
  if (!measured.bothWays)
    return say.notTested(`only one server scored the other's tokens: ${numbers}`, records);
  return say.proven(numbers, records);
});

interface Measured {
  readonly median: number;
  readonly canaries: number;
  readonly how: string;
  readonly bothWays: boolean;
}

/** The worse direction where not enough canaries have both: it can refute. */
function measure({ both, byOriginal, byCopy }: Likeness): Measured | null {
  const of = (deviations: readonly number[], how: string, bothWays: boolean): Measured[] => {
    const median = medianOf(deviations);
    if (median === null || deviations.length < LEAST_CANARIES) return [];
    return [{ median, canaries: deviations.length, how, bothWays }];
  };
  const whole = of(both, "scored both ways", true)[0];
  if (whole !== undefined) return whole;
  const parts = [
    ...of(byOriginal, "scored by the original", false),
    ...of(byCopy, "scored by the copy", false),
  ];
  return parts.toSorted((a, b) => b.median - a.median)[0] ?? null;
}

function byText({ texts }: Likeness, say: Pick<About, "refuted" | "notTested">, records: Records) {
  if (texts.compared < LEAST_CANARIES)
    return say.notTested(`fewer than ${LEAST_CANARIES} canaries were answered by both servers`, records);
  const differ = texts.compared - texts.alike;
  const seen = `${differ} of ${texts.compared} greedy answers begin otherwise than the original's`;
  if (differ * 2 > texts.compared) return say.refuted(`another model: ${seen}`, records);
  return say.notTested(`without log probabilities no near neighbour can be rejected; ${seen}`, records);
}
