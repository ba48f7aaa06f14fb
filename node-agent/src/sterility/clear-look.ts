import type { SterilityProof } from "@redline/shared";
import type { FailedLooks, Provable } from "./failed-looks.ts";
import { some } from "./outcome.ts";
import { NOT_WALKED, type Sterility } from "./sterility.ts";
import type { LiveCell } from "./trial-traces.ts";

/** What is known of a node when a person wants it cleared. Text for people, each empty where there is nothing to say. */
export interface ClearLook<Part> {
  /** What is still there, and of which attempt. */
  readonly found: string;
  /** What nobody could look at: no proof that it is clean. */
  readonly unlooked: string;
  /** The parts that are not clean. */
  readonly parts: readonly Part[];
}

/**
 * Looks at the node before its quarantine is lifted: at what can be told without a baseline, and at each part that was found not to
 * be sterile, with its own. Never rejects.
 */
export async function lookBeforeClear<Part extends Provable>(
  sterility: Pick<Sterility, "proveStart">,
  failedLooks: Pick<FailedLooks<Part>, "proveAgain">,
  others: () => readonly LiveCell[],
): Promise<ClearLook<Part>> {
  const node = await sterility.proveStart(others);
  const looks = await failedLooks.proveAgain();
  const found = [
    ...namesOf(node),
    ...looks.flatMap(({ part, proof }) => namesOf(proof).map((text) => `${part.name}: ${text}`)),
  ];
  // With a baseline more can be told than without one; the walk is the node's, over the files of every slot's user.
  const checks =
    looks.length === 0
      ? node.checks
      : [
          ...node.checks.filter(({ check }) => check === "files"),
          ...looks.flatMap(({ proof }) => proof.checks.filter(({ why }) => !why.startsWith(NOT_WALKED))),
        ];
  const doubtful = checks.filter(({ clean }) => clean === null);
  const reasons = new Map<string, Set<string>>();
  for (const { check, why } of doubtful) reasons.set(why, (reasons.get(why) ?? new Set()).add(check));
  return {
    found: found.join("; "),
    unlooked: [...reasons].map(([why, checks]) => `${[...checks].join(", ")} (${why})`).join("; "),
    parts: looks.filter(({ proof }) => !proof.clean).map(({ part }) => part),
  };
}

/** `processes: 12 sleep (uid 3)` of each check that found something. Pure. */
export const namesOf = ({ clean, checks }: SterilityProof): string[] =>
  clean
    ? []
    : checks
        .filter((one) => one.clean === false)
        .map(({ check, left, found }) => `${check}: ${left.length === 0 ? found : some(left)}`);
