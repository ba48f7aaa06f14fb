import type { CopyRef } from "../evidence/copy.ts";
import type { ClaimName } from "./claim-name.ts";
import { COPY, evidenceFrom, type Parts } from "./evidence-fixture.ts";
import { LADDER } from "./ladder.ts";

/** What one claim says of the fixture's copy after a change; `[result, reason]`. */
export function said(
  claim: ClaimName,
  change: Partial<Parts> = {},
  copy: CopyRef | null = COPY,
): readonly [string, string] {
  const { result, reason } = LADDER[claim](evidenceFrom(change), copy);
  return [result, reason];
}
