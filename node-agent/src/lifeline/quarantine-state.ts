import { z } from "zod";

const MOST = 300;
const BETWEEN = "; and: ";
/** How the kill switch begins its reasons. */
const KILL = /^kill-(subject|file|signal): /;

/** What the node is quarantined for. */
export const quarantineStateSchema = z.object({
  v: z.literal(1),
  /** The first reason, 1 to 300 characters. */
  why: z.string().min(1).max(MOST),
  /** The newest, where it is another. */
  newest: z.string().min(1).max(MOST).optional(),
  /** Wall time of the newest, RFC 3339; unknown for a file that was made by hand. */
  at: z.iso.datetime().optional(),
  /** A person ended everything here, for whatever reason it was quarantined before or after. */
  killed: z.boolean().optional(),
});
export type QuarantineState = z.infer<typeof quarantineStateSchema>;

/** @param held what held until now; its first reason stays. */
export function quarantinedAgain(held: QuarantineState | null, why: string, at?: string): QuarantineState {
  const text = (why === "" ? "no reason given" : why).slice(0, MOST);
  const more = {
    ...(at === undefined ? {} : { at }),
    ...(held?.killed === true || KILL.test(text) ? { killed: true } : {}),
  };
  if (held === null || held.why === text) return { v: 1, why: text, ...more };
  return { v: 1, why: held.why, newest: text, ...more };
}

/** Both reasons in one text of at most 300 characters. */
export function reasonsOf({ why, newest }: QuarantineState): string {
  if (newest === undefined) return why;
  const room = MOST - BETWEEN.length;
  const tail = newest.slice(0, Math.max(Math.floor(room / 2), room - why.length));
  return `${why.slice(0, room - tail.length)}${BETWEEN}${tail}`;
}
