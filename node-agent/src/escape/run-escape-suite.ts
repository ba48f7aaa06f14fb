import { readFileSync } from "node:fs";
import type { SelfTest } from "@redline/shared";
import { ENDS } from "./ends.ts";
import { unproven } from "./escape-case.ts";
import { lastCellStage } from "./last-cell-stage.ts";
import { Results } from "./results.ts";
import { makeSuiteFolder } from "./suite-cells.ts";
import type { EscapeSuiteOptions } from "./suite-options.ts";
import { twoCellsStage } from "./two-cells-stage.ts";

/**
 * Tries to get out of cells of this node, more than a hundred ways, and reports each. Two cells at most at a time; everything is
 * gone when it resolves. Never rejects: what could not be tried is in the report and makes it red.
 */
export async function runEscapeSuite(options: EscapeSuiteOptions): Promise<SelfTest> {
  const started = performance.now();
  const results = new Results(options.onCase ?? (() => undefined));
  let driver = options.driver.name;
  try {
    await using folder = await makeSuiteFolder(options.stateDir);
    const run = { options, folder, results };
    const past = await twoCellsStage(run);
    driver = `${driver} ${past.driverVersion}`.trim();
    await lastCellStage(run, past);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    results.add(ENDS.suite, unproven(`it could not run to its end: ${why}`));
  }
  return {
    bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
    driver: driver.slice(0, 100),
    green: results.green,
    cases: results.cases,
    tookMs: Math.round(performance.now() - started),
  };
}
