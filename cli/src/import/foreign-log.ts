import type { RunEnd } from "@redline/shared";
import type { ForeignEvent } from "./event-list.ts";

export const FORMATS = ["paper-log", "inspect", "swe-agent"] as const;
export type Format = (typeof FORMATS)[number];

/** One run of a foreign agent, as far as its log tells it. */
export interface ForeignTrial {
  /** In the words of the agent's events here: started, turn, action, result, claim, error, finished, and what is only foreign. */
  readonly events: readonly ForeignEvent[];
  /** Null where the log does not say, or says something that is no end of a run here. */
  readonly end: RunEnd | null;
  /** The log's own words for its end. */
  readonly endDetail: string;
  readonly turns: number;
  /** Prompt and completion; 0 where the log does not say. */
  readonly tokens: number;
  /** Length of the run, ms; null where the log does not say. */
  readonly runMs: number | null;
  /** Why the log does not reach the run's end, null where it does. */
  readonly cut: string | null;
}

/** A trajectory file whose runs can be read one after the other. */
export interface ForeignLog {
  readonly format: Format;
  /** As the log names it; null where it does not. */
  readonly model: string | null;
  /** Names of the runs, in the order in which `trials` gives them. */
  readonly names: readonly string[];
  /** @throws CliError where the file is not what it seems. */
  readonly trials: () => AsyncIterable<ForeignTrial> | Iterable<ForeignTrial>;
}
