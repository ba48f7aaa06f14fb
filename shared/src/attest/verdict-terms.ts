import { z } from "zod";
import { claimNameSchema } from "../claims/claim-name.ts";
import { profileNameSchema, type Profile } from "../claims/profile.ts";
import { verdictSchema, type Verdict } from "../claims/verdict.ts";
import { attemptNumberSchema, epochSchema, nodeIdSchema, studyIdSchema, trialIdSchema } from "../ids.ts";
import { instrumentSchema, type Instrument } from "./instrument.ts";
import { contentOf, parseBytes, type Descriptor } from "./statement.ts";
import { CONFIGURATION, type VerdictStatement } from "./verdict-statement.ts";

const attemptSchema = z.strictObject({
  study: studyIdSchema,
  trial: trialIdSchema,
  attempt: attemptNumberSchema,
  epoch: epochSchema,
  devices: z.strictObject({ origin: nodeIdSchema, target: nodeIdSchema }),
});
const profileTermsSchema = z.strictObject({
  name: profileNameSchema,
  claims: z.array(claimNameSchema).min(1),
});
const seqSchema = z.int().min(1);

/** What a verdict's statement says in its `configuration`. */
export interface VerdictTerms {
  readonly attempt: z.infer<typeof attemptSchema>;
  readonly version: string;
  readonly instrument: Instrument;
  readonly head: { readonly seq: number; readonly sha256: string };
  /** Key id by role, in the order in which they stand. */
  readonly keyIds: ReadonlyMap<string, string>;
  readonly profiles: readonly { readonly profile: Profile; readonly verdict: Verdict }[];
}

/** Null where one is missing, doubled, of another shape, or not what its digest says. */
export function verdictTerms({ predicate: { configuration } }: VerdictStatement): VerdictTerms | null {
  const named = new Map(configuration.map((descriptor) => [descriptor.name, descriptor]));
  if (named.size !== configuration.length) return null;
  const read = <T>(name: string, schema: z.ZodType<T>) => contentAs(named.get(name), schema);
  const attempt = read(CONFIGURATION.attempt, attemptSchema);
  const redline = read(CONFIGURATION.redline, z.strictObject({ version: z.string().max(40) }));
  const journal = named.get(CONFIGURATION.journal);
  const seq = seqSchema.safeParse(journal?.annotations?.["seq"]);
  const instrument = read(CONFIGURATION.instrument, instrumentSchema);
  if (attempt === null || redline === null || instrument === null || journal === undefined || !seq.success)
    return null;
  const keyIds = new Map<string, string>();
  const profiles: VerdictTerms["profiles"][number][] = [];
  for (const [name, descriptor] of named) {
    if (name.startsWith(CONFIGURATION.keyPrefix)) {
      if (contentOf(descriptor) === null) return null;
      keyIds.set(name.slice(CONFIGURATION.keyPrefix.length), descriptor.digest.sha256);
    }
    if (name.startsWith(CONFIGURATION.profilePrefix)) {
      const profile = contentAs(descriptor, profileTermsSchema);
      const verdict = verdictSchema.safeParse(descriptor.annotations?.["verdict"]);
      if (profile === null || !verdict.success) return null;
      if (name !== `${CONFIGURATION.profilePrefix}${profile.name}`) return null;
      profiles.push({ profile, verdict: verdict.data });
    }
  }
  const head = { seq: seq.data, sha256: journal.digest.sha256 };
  return profiles.length === 0
    ? null
    : { attempt, version: redline.version, instrument, head, keyIds, profiles };
}

function contentAs<T>(descriptor: Descriptor | undefined, schema: z.ZodType<T>): T | null {
  const bytes = descriptor === undefined ? null : contentOf(descriptor);
  return bytes === null ? null : parseBytes(bytes, schema);
}
