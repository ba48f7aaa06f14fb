import { ESCAPE_OUTCOMES, terminalLine, type EscapeResult } from "@redline/shared";
import { unproven, type Finding } from "./escape-case.ts";

/** Takes each case's finding once, in the order of the run. */
export class Results {
  readonly #all: EscapeResult[] = [];
  readonly #onCase: (result: EscapeResult, what: string) => void;
  #green = true;

  constructor(onCase: (result: EscapeResult, what: string) => void) {
    this.#onCase = onCase;
  }

  get cases(): EscapeResult[] {
    return this.#all;
  }

  /** No case escaped, and none was left out that could have been tried here. */
  get green(): boolean {
    return this.#green && this.#all.length > 0;
  }

  add({ id, what }: { id: string; what: string }, finding: Finding): void {
    const { outcome, by, detail, excused } = finding;
    if (outcome === "escaped" || (outcome === "not-tested" && !excused)) this.#green = false;
    const result = { id, outcome, by: line(by, 120), detail: line(detail, 300) };
    this.#all.push(result);
    this.#onCase(result, what);
  }

  /** A case that throws was not tried, which is never good. */
  async run(one: { id: string; what: string }, work: () => Promise<Finding>): Promise<Finding> {
    let finding: Finding;
    try {
      finding = await work();
    } catch (error) {
      finding = unproven(error instanceof Error ? error.message : String(error));
    }
    this.add(one, finding);
    return finding;
  }
}

/** terminalLine notes what it cut, so the bound comes after. */
function line(text: string, max: number): string {
  return terminalLine(text, max).slice(0, max);
}

/** "43 stopped, 3 detected, 0 escaped, 1 not-tested" */
export function summary(cases: readonly EscapeResult[]): string {
  return ESCAPE_OUTCOMES.map(
    (outcome) => `${cases.filter((one) => one.outcome === outcome).length} ${outcome}`,
  ).join(", ");
}
