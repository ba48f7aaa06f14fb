import type { ClaimName } from "./claim-name.ts";
import type { Claim } from "./claim.ts";
import { capable } from "./capable.ts";
import { claimed } from "./claimed.ts";
import { COPY_RUNGS } from "./copy-rungs.ts";
import { replicates } from "./replicates.ts";

export { identityOf, type Identity, type IdentityGrade } from "./identity.ts";
export { likenessOf, type Likeness } from "./likeness.ts";
export { resolutionOf, type Resolution } from "./resolution.ts";

/** Every rung, in the order of the table in the design; a new claim is added here and nowhere else. */
export const LADDER: Readonly<Record<ClaimName, Claim>> = {
  claimed,
  ...COPY_RUNGS,
  capable,
  replicates,
};
