/** Names that stand in records as who did something, for parts of the instrument or for nobody: no person and no token may have one. */
export const NO_PERSON = ["budget", "faults", "import", "retention", "policy", "nobody"] as const;
export type NoPerson = (typeof NO_PERSON)[number];

export const isNoPerson = (name: string): boolean =>
  NO_PERSON.some((known) => known === name.trim().toLowerCase());
