import type { EscapeBench } from "./escape-bench.ts";
import type { Finding } from "./finding.ts";

export * from "./finding.ts";

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
