import { z } from "zod";
import { attemptKeySchema, deviceSchema, nodeIdSchema, type AttemptKey } from "../ids.ts";

const recordHeadSchema = z.object({
  node: nodeIdSchema,
  seq: z.int().min(1),
  bootId: z.string(),
  key: attemptKeySchema.optional(),
  body: z.object({ kind: z.string(), device: deviceSchema.optional().catch(undefined) }),
});
/** What says where a node's record belongs, without the cost of checking all of it. */
export type RecordHead = z.infer<typeof recordHeadSchema>;

/** Null for a line that names no node, place in the chain and kind. */
export function readRecordHead(line: string): RecordHead | null {
  try {
    const parsed = recordHeadSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Whether a record is of an attempt. The epoch is not compared: a trial's attempt has one. */
export const isOfAttempt = (
  key: AttemptKey | undefined,
  attempt: { readonly trial: string; readonly attempt: number },
): boolean => key?.trial === attempt.trial && key.attempt === attempt.attempt;
