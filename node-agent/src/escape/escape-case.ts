import type { EscapeResult } from "@redline/shared";
import type { EscapeBench } from "./escape-bench.ts";

/** What came of a case. `excused`: it cannot be tried on this machine at all, which does not make a suite red. */
export interface Finding {
  readonly outcome: EscapeResult["outcome"];
  /** What stopped it or saw it, and what recorded it. */
  readonly by: string;
  /** What was seen: hostile text. */
  readonly detail: string;
  readonly excused: boolean;
}

/** One attempt to get out of a cell. Where it ends the cell, or fills it, it stands in a stage of its own. */
export interface EscapeCase {
  readonly id: string;
  /** One sentence: what is tried. */
  readonly what: string;
  /** What must stop it. */
  readonly expected: string;
  /** Acts from inside the cell, as the agent. What it throws makes the case one that was not tried, and the suite red. */
  run(bench: EscapeBench): Promise<Finding>;
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
