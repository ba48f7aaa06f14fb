import { afterwardsCases, endingCases } from "./afterwards.ts";
import { FILLING_CASES, SHARED_CASES } from "./all-cases.ts";
import { ENDS } from "./ends.ts";
import { survivors } from "./survivors.ts";

export interface CaseText {
  readonly id: string;
  /** One sentence: what is tried. */
  readonly what: string;
  /** What must stop it. */
  readonly expected: string;
}

/** Every case of the suite, for people and for tests: a report that lacks one is not whole. */
export const ALL_CASES: readonly CaseText[] = [
  ...SHARED_CASES,
  ...survivors,
  ENDS.sterile,
  ...afterwardsCases({ privateKey: "", expiredKey: "" }),
  ...FILLING_CASES,
  ...endingCases,
  ENDS.ttl,
  ENDS.again,
].map(({ id, what, expected }) => ({ id, what, expected }));
