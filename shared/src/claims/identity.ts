import type { CopyRef } from "../evidence/copy.ts";
import type { Evidence } from "../evidence/evidence.ts";
import { openedWeights, type OpenedWeights } from "./opened-weights.ts";
import { sameModel } from "./same-model.ts";

export const IDENTITY_GRADES = ["identical", "derived", "same-family", "unknown"] as const;
export type IdentityGrade = (typeof IDENTITY_GRADES)[number];

/** How a copy's weights stand to the original's, whosever files they are. */
export interface Identity {
  readonly grade: IdentityGrade;
  /** Half a sentence for people. */
  readonly text: string;
}

/** Below this part of the reference no lossless conversion of it can be. */
const LEAST_CONVERTED = 0.1;

/**
 * `identical`: all files by digest. `derived`: other bytes, the same model by behaviour (a lossless conversion).
 * `same-family`: tensors of the same names and shapes, which do not behave the same or were not seen to.
 * `unknown`: anything else, and where there is no copy or no evidence.
 */
export function identityOf(evidence: Evidence, copy: CopyRef | null): Identity {
  const opened = copy === null ? null : openedWeights(evidence, copy);
  if (opened === null) return { grade: "unknown", text: "its weights were not compared" };
  const behaviour = sameModel(evidence, copy).result;
  if (isWhole(opened) && behaviour !== "refuted")
    return { grade: "identical", text: "every file has the digests of the reference" };
  if (behaviour === "proven" && opened.foreign.length > 0 && isLargeEnough(opened))
    return { grade: "derived", text: "other digests, the same model by behaviour" };
  const families = new Set(opened.original.body.weights.map((w) => w.family).filter((f) => f !== ""));
  const shown =
    behaviour === "refuted" ? "the behaviour of another model" : "the same model was not proved by behaviour";
  if (opened.files.some((file) => families.has(file.family)))
    return { grade: "same-family", text: `the reference's tensors by name and shape, ${shown}` };
  return { grade: "unknown", text: `no file of the reference's kind, ${shown}` };
}

/** Nothing but the reference, and all of it. */
export const isWhole = ({ matched, missing, files }: OpenedWeights): boolean =>
  matched.length > 0 && matched.length === files.length && missing.length === 0;

export const isLargeEnough = ({ bytes }: OpenedWeights): boolean =>
  bytes.opened >= bytes.reference * LEAST_CONVERTED;
