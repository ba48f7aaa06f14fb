import type { CopyRef } from "../evidence/copy.ts";
import { sameCopy } from "../evidence/copy.ts";
import { fromOrigin, fromTarget, type Evidence, type RecordRef } from "../evidence/evidence.ts";
import { ranOutOfTime } from "../evidence/probe.ts";
import type { ClaimResult } from "./claim.ts";
import { likenessOf } from "./likeness.ts";
import { medianOf, nats, resolutionOf } from "./resolution.ts";

/** Fewer answered canaries tell nothing. */
const LEAST_CANARIES = 3;

/** Whose model it is that answers while the copy stands alone. */
export interface AloneModel {
  readonly result: ClaimResult["result"];
  readonly text: string;
  readonly records: readonly RecordRef[];
}

/**
 * Proven where the copy's greedy answers to canaries, put while everything else was stopped, are what the original answers and
 * scores afterwards. Without it a forwarder that has a stand-in for silent times would pass: plain questions only tell that
 * something answers.
 */
export function aloneModel(evidence: Evidence, copy: CopyRef): AloneModel {
  const own = fromTarget(evidence, "canaries").filter(
    ({ body }) => body.moment === "rest-frozen" && body.of === "copy" && sameCopy(body.copy, copy),
  );
  const { texts, byOriginal, records } = likenessOf(evidence, copy, "rest-frozen");
  const as = (result: AloneModel["result"], text: string): AloneModel => ({ result, text, records });
  if (own.length === 0) return as("not-tested", "no canaries were put to it then");

  const before = likenessOf(evidence, copy);
  const silent = own.flatMap((c) => c.body.canaries).find((c) => c.error !== "" && !ranOutOfTime(c));
  // A server that never answered canaries says nothing by not answering these.
  if (silent !== undefined && before.texts.compared > 0)
    return as(
      "refuted",
      `a canary that it answers otherwise had no answer then: ${silent.error.slice(0, 80)}`,
    );
  if (texts.compared < LEAST_CANARIES)
    return as("not-tested", `fewer than ${LEAST_CANARIES} canaries of then were answered by both servers`);
  const differ = texts.compared - texts.alike;
  if (differ * 2 > texts.compared)
    return as("refuted", `another model then: ${differ} of ${texts.compared} canaries answered otherwise`);

  const calibration = fromOrigin(evidence, "calibration").at(0);
  const resolution = calibration === undefined ? null : resolutionOf(calibration.body.calibration);
  if (resolution?.ok === true && before.byOriginal.length >= LEAST_CANARIES) {
    const median = medianOf(byOriginal);
    if (median === null || byOriginal.length < LEAST_CANARIES)
      return as("not-tested", "too few of its tokens of then were scored by the original");
    const numbers = `median deviation ${nats(median)}, tolerance ${nats(resolution.tolerance)}`;
    return median > resolution.tolerance
      ? as("refuted", `another model then: ${numbers}`)
      : as("proven", `the same model then: ${numbers}`);
  }
  return as("proven", `${texts.alike} of ${texts.compared} canaries of then answered as the original does`);
}
