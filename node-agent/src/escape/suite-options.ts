import type { EscapeResult } from "@redline/shared";
import type { CellDriver } from "../cell/cell.ts";
import type { LabAddresses } from "./escape-bench.ts";
import type { Results } from "./results.ts";
import type { SuiteFolder } from "./suite-cells.ts";
import type { SuiteSterility } from "./suite-sterility.ts";

export interface EscapeSuiteOptions {
  readonly driver: CellDriver;
  /** Two free slots of the driver, for the agent's cell and its neighbour. */
  readonly slots: readonly [agent: number, other: number];
  readonly nsenter: string;
  /** Existing folder that other uids may pass through (0711); the suite makes one of its own in it, and removes it. */
  readonly stateDir: string;
  readonly addresses: LabAddresses;
  readonly sterility?: SuiteSterility;
  readonly now: () => Date;
  /** Gives the suite up: what was not tried by then is red. */
  readonly signal: AbortSignal;
  readonly onCase?: (result: EscapeResult, what: string) => void;
  /** Leaves cases out, for tests of the suite itself: what is left out is not in the report. */
  readonly only?: (id: string) => boolean;
}

/** What every stage of a run stands on. */
export interface SuiteRun {
  readonly options: EscapeSuiteOptions;
  readonly folder: SuiteFolder;
  readonly results: Results;
}

export function wants({ options }: SuiteRun, id: string): boolean {
  return options.only?.(id) ?? true;
}
