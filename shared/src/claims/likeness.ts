import type { CopyRef } from "../evidence/copy.ts";
import { sameCopy } from "../evidence/copy.ts";
import { recorded, type Evidence, type RecordRef } from "../evidence/evidence.ts";
import { deviationOf } from "../evidence/deviation.ts";
import type { Canary } from "../evidence/identity-evidence.ts";

/** How near a copy's model is to the original by nonce canaries. Deviations are means over the tokens of a canary, nats. */
export interface Likeness {
  /** Of the copy's tokens, by what the original gives them; one for each canary where both servers gave usable numbers. */
  readonly byOriginal: readonly number[];
  /** Of the original's tokens, by what the copy gives them. A server that picks only easy tokens is caught by these. */
  readonly byCopy: readonly number[];
  /** The greater of the two, for each canary that has both. */
  readonly both: readonly number[];
  /** Canaries that both answered with text, and those of them whose texts begin alike. */
  readonly texts: { readonly compared: number; readonly alike: number };
  readonly records: readonly RecordRef[];
}

/** Characters of two greedy texts that must be equal: a few tokens, before servers of one model drift apart. */
const PREFIX = 16;

/**
 * Compares what was recorded of a copy; all empty where nothing was. Anything unusable counts as not answered.
 * @param moment `rest-frozen`: by the canaries that it answered alone; the original scores those, not the other way round.
 */
export function likenessOf(evidence: Evidence, copy: CopyRef, moment?: "rest-frozen"): Likeness {
  const canaries = recorded(evidence, "canaries").filter((c) => c.body.moment === moment);
  const scores = recorded(evidence, "scores").filter(
    (s) => s.body.moment === moment && sameCopy(s.body.copy, copy),
  );
  // The original's answer to a nonce is the same whichever copy it was asked for.
  const ofOriginal = canaries.filter((c) => c.body.of === "original");
  const ofCopy = canaries.filter((c) => c.body.of === "copy" && sameCopy(c.body.copy, copy));
  const original = byNonce(ofOriginal.flatMap((c) => c.body.canaries));
  const answered = byNonce(ofCopy.flatMap((c) => c.body.canaries));
  const scoredBy = (who: "original" | "copy") =>
    byNonce(scores.filter((s) => s.body.by === who).flatMap((s) => s.body.scores));
  const [scoredByOriginal, scoredByCopy] = [scoredBy("original"), scoredBy("copy")];

  const rows = [...answered].map(([nonce, canary]) => ({
    byOriginal: deviationOf(canary, scoredByOriginal.get(nonce)),
    byCopy: deviationOf(original.get(nonce), scoredByCopy.get(nonce)),
    alike: beginAlike(canary, original.get(nonce)),
  }));
  const compared = rows.filter((r) => r.alike !== null);
  return {
    byOriginal: rows.flatMap((r) => r.byOriginal ?? []),
    byCopy: rows.flatMap((r) => r.byCopy ?? []),
    both: rows.flatMap((r) =>
      r.byOriginal === null || r.byCopy === null ? [] : Math.max(r.byOriginal, r.byCopy),
    ),
    texts: { compared: compared.length, alike: compared.filter((r) => r.alike === true).length },
    records: [...ofOriginal, ...ofCopy, ...scores],
  };
}

/** The first of each nonce: a second answer to one question does not replace it. */
function byNonce<T extends { readonly nonce: string }>(rows: readonly T[]): Map<string, T> {
  return new Map(rows.toReversed().map((row) => [row.nonce, row]));
}

function beginAlike(a: Canary, b: Canary | undefined): boolean | null {
  if (b === undefined || a.error !== "" || b.error !== "") return null;
  const [x, y] = [a.text.trim(), b.text.trim()];
  if (x === "" || y === "") return null;
  const length = Math.min(PREFIX, x.length, y.length);
  return x.slice(0, length) === y.slice(0, length);
}
