import { z } from "zod";
import { PLANTS } from "./survivor-plants.ts";
import { upperBoundOfNone } from "./zero-of.ts";

/** One attempt with survivors: what was in place before its end, and what of anything was there after it. */
export const survivorAttemptSchema = z.strictObject({
  attempt: z.int(),
  planted: z.array(z.string()),
  /** What the cell did not let be. */
  refused: z.array(z.string()),
  /** Lines of the drills' own picture of the lab that were not in it before. */
  found: z.array(z.string()),
  /** What the node's own proofs said was left. */
  proof: z.array(z.string()),
  ms: z.number(),
});
export type SurvivorAttempt = z.infer<typeof survivorAttemptSchema>;

export const isClean = ({ found, proof }: SurvivorAttempt): boolean => found.length + proof.length === 0;

/** For people: the count with its bound, and each kind with how often it was in place. */
export function survivorLines(attempts: readonly SurvivorAttempt[]): string[] {
  const dirty = attempts.filter((attempt) => !isClean(attempt));
  const n = attempts.length;
  const bound =
    dirty.length > 0
      ? "no bound is given for more than none"
      : `95 % upper bound ${(100 * upperBoundOfNone(n)).toFixed(2)} % of attempts`;
  const count = (kind: "planted" | "refused", name: string) =>
    attempts.filter((attempt) => attempt[kind].includes(name)).length;
  return [
    `something was left after ${dirty.length}/${n} attempts (${bound})`,
    ...PLANTS.map(
      ({ name }) =>
        `  ${name.padEnd(22)} in place ${count("planted", name)}, not let be ${count("refused", name)}`,
    ),
    ...dirty
      .slice(0, 10)
      .map(({ attempt, found, proof }) => `  attempt ${attempt}: ${[...found, ...proof].join("; ")}`),
  ];
}
