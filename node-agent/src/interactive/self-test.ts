import type { SelfTest } from "@redline/shared";
import type { CellDriver } from "../cell/cell.ts";
import { runEscapeSuite } from "../escape/run-escape-suite.ts";
import { suiteSterility } from "../escape/suite-sterility.ts";
import { createSterility } from "../sterility/sterility.ts";

/** Above the slot of the agent's cell. */
const SLOTS = [201, 202] as const;

/** The escape suite in this program's own namespaces: what a node must have passed on this boot before it takes a real model. */
export async function selfTest(options: {
  readonly driver: CellDriver;
  readonly nsenter: string;
  readonly cellsDir: string;
  readonly signal: AbortSignal;
}): Promise<SelfTest> {
  const { driver, nsenter, cellsDir, signal } = options;
  await using sterility = createSterility({ cellsDir });
  return await runEscapeSuite({
    driver,
    slots: SLOTS,
    nsenter,
    stateDir: cellsDir,
    // There is no other node, and no link to one: an address that is nobody's.
    addresses: { host: "192.0.2.10" },
    sterility: suiteSterility(sterility, () => []),
    now: () => new Date(),
    signal,
  });
}
