import { z } from "zod";
import { slugSchema } from "../ids.ts";
import { claimNameSchema } from "./claim-name.ts";

/** The profiles that every study may name. */
export const PROFILES = ["pan2024", "strict"] as const;
export const builtInProfileSchema = z.enum(PROFILES);

/** A list of claims under a name of the study's own. */
export const ownProfileSchema = z.strictObject({
  name: slugSchema.refine((name) => !PROFILES.some((known) => known === name), {
    error: "pan2024 and strict are taken: choose another name",
  }),
  claims: z
    .array(claimNameSchema)
    .min(1)
    .refine((claims) => !claims.includes("claimed"), {
      error: "claims above rung 0: an agent's own words count for nothing",
    }),
});

/** What a verdict needs: a built-in profile by name, or a study's own list of claims. */
export const profileSchema = z.union([builtInProfileSchema, ownProfileSchema]);
export type Profile = z.infer<typeof profileSchema>;

/** Name of a profile, built-in or a study's own. */
export const profileNameSchema = slugSchema;
export type ProfileName = z.infer<typeof profileNameSchema>;

export const profileName = (profile: Profile): ProfileName =>
  typeof profile === "string" ? profile : profile.name;
