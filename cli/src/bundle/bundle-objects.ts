import { BUNDLE_MAX_BYTES, nodeRecordSchema, objectsOf, type Bundle } from "@redline/shared";
import type { JournalSource } from "../journal/journal-source.ts";

/** Room for all else in a bundle. */
const MOST_BASE64 = BUNDLE_MAX_BYTES / 2;

/** The bundle with the objects that its records name, as far as they are there and fit. */
export async function withObjects(
  bundle: Bundle,
  study: string,
  source: Pick<JournalSource, "object">,
): Promise<Bundle> {
  const names = new Set(
    Object.values(bundle.records)
      .flatMap((text) => text.trimEnd().split("\n"))
      .flatMap((line) => objectsOf(nodeRecordSchema.parse(JSON.parse(line))))
      .map(({ sha256 }) => sha256),
  );
  const objects: [string, string][] = [];
  let size = 0;
  for (const sha256 of [...names].toSorted()) {
    const bytes = await source.object(study, sha256);
    if (bytes === null) continue;
    const base64 = bytes.toString("base64");
    size += base64.length;
    if (size > MOST_BASE64) break;
    objects.push([sha256, base64]);
  }
  return objects.length === 0 ? bundle : { ...bundle, objects: Object.fromEntries(objects) };
}
