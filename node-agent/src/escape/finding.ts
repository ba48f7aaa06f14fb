import type { EscapeResult } from "@redline/shared";

/** What came of a case. `excused`: it cannot be tried on this machine at all, which does not make a suite red. */
export interface Finding {
  readonly outcome: EscapeResult["outcome"];
  /** What stopped it or saw it, and what recorded it. */
  readonly by: string;
  /** What was seen: hostile text. */
  readonly detail: string;
  readonly excused: boolean;
}

export const stopped = (by: string, detail = ""): Finding => ({
  outcome: "stopped",
  by,
  detail,
  excused: false,
});
export const detected = (by: string, detail = ""): Finding => ({
  outcome: "detected",
  by,
  detail,
  excused: false,
});
export const escaped = (detail: string): Finding => ({
  outcome: "escaped",
  by: "nothing",
  detail,
  excused: false,
});
/** It should have been tried and was not, or nothing was positively shown: red. */
export const unproven = (detail: string): Finding => ({
  outcome: "not-tested",
  by: "nothing was shown",
  detail,
  excused: false,
});
/** This machine has nothing to try it with. */
export const impossible = (why: string): Finding => ({
  outcome: "not-tested",
  by: "not on this machine",
  detail: why,
  excused: true,
});
