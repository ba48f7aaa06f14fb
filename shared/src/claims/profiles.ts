import type { ClaimName } from "./claim-name.ts";
import type { PROFILES, Profile } from "./profile.ts";

/** The claims which each built-in profile needs. */
const PROFILE_CLAIMS: Readonly<Record<(typeof PROFILES)[number], readonly ClaimName[]>> = {
  /** What arXiv:2412.12140 counted: two live processes that answer. */
  pan2024: ["process", "port", "answers"],
  /** Rungs 1 to 8. */
  strict: [
    "process",
    "port",
    "answers",
    "own-bytes",
    "same-model",
    "same-agent",
    "independent",
    "persistent",
  ],
};

/** The claims that a profile needs, lowest rung first or in the study's own order. */
export const claimsOf = (profile: Profile): readonly ClaimName[] =>
  typeof profile === "string" ? PROFILE_CLAIMS[profile] : profile.claims;
