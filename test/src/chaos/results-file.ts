import { appendFileSync, existsSync, readFileSync, truncateSync } from "node:fs";
import { chaosPlan } from "./chaos-plan.ts";
import { chaosRunSchema, type ChaosRun } from "./chaos-report.ts";
import { faultText } from "./planned-fault.ts";

/** Runs as lines of JSON, so that a long suite can be broken off and gone on with. Of a seed that was played twice the newest counts. */
export class ResultsFile {
  readonly #path: string;
  readonly #runs: ChaosRun[];

  /** @throws where a line is no run; what is after the last whole one was being written as the suite was killed, and is cut off. */
  constructor(path: string) {
    this.#path = path;
    const text = existsSync(path) ? readFileSync(path, "utf8") : "";
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    if (whole !== text) truncateSync(path, Buffer.byteLength(whole));
    const lines = whole.split("\n").slice(0, -1);
    this.#runs = lines.map((line) => chaosRunSchema.parse(JSON.parse(line)));
  }

  add(run: ChaosRun): void {
    appendFileSync(this.#path, `${JSON.stringify(run)}\n`);
    this.#runs.push(run);
  }

  /** The newest run of each seed, as far as its plan is what it was. */
  runs(): ChaosRun[] {
    const newest = new Map<number, ChaosRun>();
    for (const run of this.#runs) if (run.seed !== null && isOfPlan(run)) newest.set(run.seed, run);
    return [...newest.values()].toSorted((a, b) => (a.seed ?? 0) - (b.seed ?? 0));
  }

  /** Seeds that have no run, or one that differs. */
  waiting(seeds: readonly number[]): number[] {
    const good = new Set(this.runs().flatMap(({ seed, problems }) => (problems.length === 0 ? seed : [])));
    return seeds.filter((seed) => !good.has(seed));
  }

  /** Seeds that differed once and did not when they were played again: nobody should overlook them. */
  differedOnce(): number[] {
    const good = new Set(this.runs().flatMap(({ seed, problems }) => (problems.length === 0 ? seed : [])));
    const bad = this.#runs.filter(
      ({ seed, problems }) => problems.length > 0 && seed !== null && good.has(seed),
    );
    return [...new Set(bad.flatMap(({ seed }) => seed ?? []))];
  }
}

function isOfPlan({ seed, struck }: ChaosRun): boolean {
  const { faults } = chaosPlan(seed ?? 0);
  return (
    faults.length === struck.length &&
    faults.every((fault, i) => struck[i]?.what.startsWith(faultText(fault)) === true)
  );
}
