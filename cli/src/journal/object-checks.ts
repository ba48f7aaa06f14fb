import type { AttemptChecks } from "./attempt-checks.ts";
import type { JournalSource } from "./journal-source.ts";

/** What became of the objects that the records of a journal name. */
export interface ObjectReport {
  readonly ok: boolean;
  readonly named: number;
  readonly there: number;
  /** Of studies whose objects were removed. */
  readonly removed: number;
  /** Neither there nor removed: lost, or still on their way. */
  readonly missing: number;
  /** Those that are not what their name says. */
  readonly wrong: readonly string[];
}

/** Compares the objects of a source with what the records name, digest by digest. */
export async function checkObjects(
  source: Pick<JournalSource, "objects" | "object">,
  { named, removed }: Pick<AttemptChecks, "named" | "removed">,
): Promise<ObjectReport> {
  const counts = { named: 0, there: 0, removed: 0, missing: 0 };
  const wrong: string[] = [];
  for (const [study, digests] of named) {
    const held = new Set(await source.objects(study));
    counts.named += digests.size;
    for (const sha256 of digests) {
      if (!held.has(sha256)) {
        if (removed.has(study)) counts.removed += 1;
        else counts.missing += 1;
      } else if ((await source.object(study, sha256)) === null) wrong.push(`${study}/${sha256}`);
      else counts.there += 1;
    }
  }
  return { ok: wrong.length === 0, ...counts, wrong };
}
