import { z } from "zod";
import { parseNodeLine } from "../trials/node-line.ts";
import { attemptKeySchema, deviceSchema, nodeIdSchema, type AttemptKey } from "../ids.ts";

const recordHeadSchema = z.object({
  node: nodeIdSchema,
  seq: z.int().min(1),
  bootId: z.string(),
  key: attemptKeySchema.optional(),
  chain: z.object({ n: z.int().min(1), prev: z.string().length(64) }).optional(),
  body: z.object({ kind: z.string(), device: deviceSchema.optional().catch(undefined) }),
});
/** What says where a node's record belongs, without the cost of checking all of it. */
export type RecordHead = z.infer<typeof recordHeadSchema>;

/** Null for a line that names no node, place in the chain and kind. */
export function readRecordHead(line: string): RecordHead | null {
  const known = parseNodeLine(line);
  if (known.ok) return known.record;
  try {
    const parsed = recordHeadSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

const chainLinkSchema = z.object({
  key: attemptKeySchema.optional(),
  chain: z.object({ n: z.int().min(1), prev: z.string().length(64) }).optional(),
});

/** The attempt of a record and its place in that attempt's chain; null for a line of another shape. */
export function readChainLink(line: string): z.infer<typeof chainLinkSchema> | null {
  try {
    const parsed = chainLinkSchema.safeParse(JSON.parse(line));
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
