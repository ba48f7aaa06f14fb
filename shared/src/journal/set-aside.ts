import { z } from "zod";

/** What kind of thing was set aside. */
export const SET_ASIDE = ["record", "gap", "chain", "object", "command", "message"] as const;
export type SetAsideWhat = (typeof SET_ASIDE)[number];

/** One line of the coordinator's `set-aside.jsonl`. All texts are hostile. */
export const setAsideSchema = z.strictObject({
  v: z.literal(1),
  at: z.iso.datetime(),
  what: z.enum(SET_ASIDE),
  why: z.string().max(500),
  /** Subject of the message, or name of the object. */
  subject: z.string().max(300),
  /** Length of the whole message, and as much of its beginning as was kept. */
  bytes: z.int().min(0),
  head: z.string().max(4096),
});
export type SetAsideEntry = z.infer<typeof setAsideSchema>;
