import { writeFileSync } from "node:fs";
import type { Reporter, TestCase } from "vitest/node";

/** Of a file's setting: where the report is written. Set by what runs the tests unwatched, which then gives slow tests a second try. */
export const SECOND_TRIES = "REDLINE_SECOND_TRIES";
/** One line an error; a diff is in the run's own output. */
const MOST_CHARS = 400;

/**
 * Writes down each test that was tried a second time, with what went wrong at the first: a race is then seen and not hidden. The
 * file is empty where no test needed it.
 * @param path written anew at the end of the run
 */
export class SecondTries implements Reporter {
  readonly #path: string;
  readonly #lines: string[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  onTestCaseResult(test: TestCase): void {
    if ((test.diagnostic()?.retryCount ?? 0) === 0) return;
    const { state, errors } = test.result();
    const [first] = errors ?? [];
    const why = (first?.message ?? "it gave no error").replaceAll(/\s+/g, " ").slice(0, MOST_CHARS);
    const { name } = test.project;
    this.#lines.push(
      `second try ${state}: ${name} ${test.module.relativeModuleId} > ${test.fullName}: ${why}`,
    );
  }

  onTestRunEnd(): void {
    writeFileSync(this.#path, this.#lines.map((line) => `${line}\n`).join(""));
  }
}
