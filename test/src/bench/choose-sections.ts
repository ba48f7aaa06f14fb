/** What `npm run bench` can measure, in the order in which it does. */
export const SECTION_NAMES = [
  "ssh",
  "snapshot",
  "dispatch",
  "trial",
  "digest",
  "listener",
  "challenge",
  "cell",
  "loop",
  "failover",
  "placement",
] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

export type Chosen =
  | { readonly ok: true; readonly names: readonly SectionName[] }
  /** Exit code 2; the text names the remedy. */
  | { readonly ok: false; readonly why: string };

/** The sections that the arguments name, in the order of the list, each once; all of them without an argument. */
export function chooseSections(args: readonly string[]): Chosen {
  const known: readonly string[] = SECTION_NAMES;
  const unknown = args.filter((arg) => !known.includes(arg));
  if (unknown.length > 0)
    return {
      ok: false,
      why: `there is no section ${unknown.map((arg) => JSON.stringify(arg)).join(", ")}; sections are: ${known.join(", ")}`,
    };
  return { ok: true, names: SECTION_NAMES.filter((name) => args.length === 0 || args.includes(name)) };
}
