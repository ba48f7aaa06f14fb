import {
  adjudicate,
  CLAIMS,
  claimNameSchema,
  claimsOf,
  PROFILES,
  profileName,
  terminalLine,
  type Profile,
} from "@redline/shared";
import { claimLines } from "../bundle/claim-lines.ts";
import { verifyFile } from "../bundle/read-bundle-file.ts";
import type { Context } from "../context.ts";
import { didYouMean } from "../did-you-mean.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { safeJson } from "../terminal/safe-json.ts";

/**
 * `redline adjudicate FILE`: makes the verdicts anew from a bundle's records alone, under the profiles it was sealed with or
 * under another one. A verdict sets no exit code; a bundle that does not hold gives 1.
 */
export async function adjudicateFile(
  { terminal: { out }, self }: Context,
  file: string,
  options: { readonly profile?: string | undefined; readonly json: boolean },
): Promise<ExitCode> {
  const asked = options.profile === undefined ? null : profileOf(options.profile);
  const result = await verifyFile(file);
  if (!result.ok)
    throw new CliError(EXIT.unexpected, `${file} does not verify (${result.word}): ${result.why}`, {
      remedy: `${self} bundle verify FILE`,
    });
  const { evidence, terms, coordinatorKeyId } = result.bundle;
  const profiles = asked === null ? terms.profiles.map(({ profile }) => profile) : [asked];
  const results = profiles.map((profile) => adjudicate(evidence, profile));
  const coordinator = `sha256:${coordinatorKeyId}`;
  if (options.json) {
    const { attempt } = terms;
    out.line(safeJson({ as_of: new Date().toISOString(), file, attempt, coordinator, results }, 2));
    return EXIT.done;
  }
  out.line(out.paint.strong(`trial ${terms.attempt.trial}, attempt ${terms.attempt.attempt}`));
  out.line(`from the records of ${terminalLine(file, 500)}; claims that the profile needs have a *`);
  for (const [i, found] of results.entries()) {
    const profile = profiles[i];
    out.line();
    for (const line of claimLines(found, profile === undefined ? [] : claimsOf(profile), out)) out.line(line);
  }
  out.line();
  out.line(`signed by ${coordinator}; whether that is your coordinator: ${self} bundle verify FILE`);
  return EXIT.done;
}

/** A built-in profile, or a list of claims under the name `listed`. */
function profileOf(text: string): Profile {
  const known = PROFILES.find((name) => name === text);
  if (known !== undefined) return known;
  const claims = text.split(",").map((name) => {
    const claim = claimNameSchema.safeParse(name.trim());
    if (claim.success) return claim.data;
    const meant = didYouMean(name.trim(), text.includes(",") ? CLAIMS : [...PROFILES, ...CLAIMS]);
    throw new CliError(
      EXIT.usage,
      `--profile: there is no profile or claim "${terminalLine(name.trim(), 60)}"${meant === null ? "" : `, did you mean "${meant}"?`}`,
      {
        remedy: `${PROFILES.map(profileName).join(", ")}, or claims with commas between: ${CLAIMS.join(",")}`,
      },
    );
  });
  return { name: "listed", claims };
}
