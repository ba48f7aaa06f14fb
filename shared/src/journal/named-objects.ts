import { nodeRecordSchema, type NodeRecord } from "./node-record.ts";
import type { ObjectRef } from "./kept-object.ts";

/** Objects that a record names. */
export function objectsOf({ body }: Pick<NodeRecord, "body">): ObjectRef[] {
  if (body.kind !== "exchange") return [];
  const { kept } = body.request;
  const whole = body.reply?.whole;
  return [
    ...(kept !== undefined && "list" in kept ? [kept.list, ...kept.added] : []),
    ...(whole !== undefined && "sha256" in whole ? [whole] : []),
  ];
}

/** The same of a record's line, and its attempt; null for one that names none. Most lines are not parsed for it. */
export function objectsOfLine(
  line: string,
): { readonly record: NodeRecord; readonly objects: readonly ObjectRef[] } | null {
  if (!line.includes('"kind":"exchange"')) return null;
  try {
    const parsed = nodeRecordSchema.safeParse(JSON.parse(line));
    const objects = parsed.success ? objectsOf(parsed.data) : [];
    return parsed.success && objects.length > 0 ? { record: parsed.data, objects } : null;
  } catch {
    return null;
  }
}
