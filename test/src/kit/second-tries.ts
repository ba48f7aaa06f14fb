import { writeFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import type { Reporter, TestCase } from "vitest/node";

/** Of a file's setting: where the report is written. Set by what runs the tests unwatched, which then gives slow tests a second try. */
export const SECOND_TRIES = "REDLINE_SECOND_TRIES";
/** One line an error. The run's own output has nothing of a test whose second try passed: what a command said stands in the diff alone. */
const MOST_CHARS = 2000;

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
    const said = `${first?.message ?? "it gave no error"} ${stripVTControlCharacters(first?.diff ?? "")}`;
    const why = said.replaceAll(/\s+/g, " ").trim().slice(0, MOST_CHARS);
    const { name } = test.project;
    this.#lines.push(
      `second try ${state}: ${name} ${test.module.relativeModuleId} > ${test.fullName}: ${why}`,
    );
  }

  onTestRunEnd(): void {
    writeFileSync(this.#path, this.#lines.map((line) => `${line}\n`).join(""));
  }
}
