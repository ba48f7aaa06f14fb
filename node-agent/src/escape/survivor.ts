import type { EscapeBench } from "./escape-bench.ts";
import type { Finding } from "./escape-case.ts";
import { marked } from "./process-traces.ts";

/** Something that is there, and must not be there once the cell is gone. */
export interface Trace {
  /** Whether it can be seen from outside the cell now: what, or null. */
  readonly there: () => Promise<string | null>;
  /** Why it is hard to end, for people. */
  readonly as: string;
}

/** Something left behind to outlive the attempt. The suite plants all of them, hangs up, ends the cell and looks again. */
export interface Survivor {
  readonly id: string;
  readonly what: string;
  readonly expected: string;
  /** @param mark unique word, which the trace is found by */
  plant(bench: EscapeBench, mark: string): Promise<Trace | Finding>;
}

export const WITH_CELL = "it ends with the cell: init's PID namespace, then the proof that nothing is left";

export function processTrace(mark: string, as: string): Trace {
  const there = () => {
    const [first] = marked(mark);
    return Promise.resolve(first === undefined ? null : `process ${first.pid}`);
  };
  return { there, as };
}
