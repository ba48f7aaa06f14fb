import { terminalLine, type SterilityCheck } from "@redline/shared";

const MOST_LEFT = 10;

/** Why a look that found nothing proves nothing, or what else a reader must know of it. */
export interface Doubt {
  /** Could not be looked at, or not told here: `clean` is null unless something was found. */
  readonly cannot?: string | undefined;
  readonly note?: string | undefined;
}

/** A check's result. `left` is hostile text; the first ten are kept, all are counted. Pure. */
export function outcome(
  check: SterilityCheck["check"],
  left: readonly string[],
  { cannot = "", note = "" }: Doubt = {},
): SterilityCheck {
  const clean = left.length > 0 ? false : cannot === "" ? true : null;
  return {
    check,
    clean,
    found: left.length,
    left: shown(left),
    why: terminalLine([cannot, note].filter((text) => text !== "").join("; "), 250).slice(0, 300),
  };
}

/** Bounded text for people. Pure. */
export const shown = (left: readonly string[]): string[] =>
  left.slice(0, MOST_LEFT).map((text) => terminalLine(text, 250).slice(0, 300));

/** `a, b and 3 more`. Pure. */
export function some(names: readonly string[], most = 3): string {
  const more = names.length > most ? ` and ${names.length - most} more` : "";
  return names.slice(0, most).join(", ") + more;
}
