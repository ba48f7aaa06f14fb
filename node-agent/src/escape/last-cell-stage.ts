import { setTimeout as delay } from "node:timers/promises";
import type { Cell } from "../cell/cell.ts";
import { newEphemeralKey } from "../ssh/ephemeral-key.ts";
import { afterwardsCases, endingCases, expiredKey, outlivesItsTime } from "./afterwards.ts";
import { FILLING_CASES } from "./all-cases.ts";
import { ENDS } from "./ends.ts";
import type { BenchCell } from "./escape-bench.ts";
import { escaped, stopped } from "./escape-case.ts";
import { marked } from "./process-traces.ts";
import { StageBench } from "./stage-bench.ts";
import { buildSuiteCell, suiteSpec } from "./suite-cells.ts";
import { wants, type SuiteRun } from "./suite-options.ts";
import type { Past } from "./two-cells-stage.ts";

const TTL_MS = 1_500;

/** The slot's next cell: what is left of the one before, and what fills or ends a cell. */
export async function lastCellStage(run: SuiteRun, past: Past): Promise<void> {
  const { driver, slots, signal, now } = run.options;
  const key = newEphemeralKey("suite");
  const base = { driver, folder: run.folder, now: now() };
  const brief = suiteSpec(
    { ...base, index: slots[1], name: "brief", hostname: "target", ttlMs: TTL_MS },
    key,
  );
  const over = wants(run, ENDS.ttl.id)
    ? run.results.run(ENDS.ttl, () => outlivesItsTime(driver, brief, key.privateKey, signal))
    : Promise.resolve();
  try {
    await actInLastCell(run, past);
  } finally {
    await over;
  }
  if (!wants(run, ENDS.again.id)) return;
  // Long after the teardown, and with a cell of the same name and address up in between.
  const back = marked(run.folder.word).filter(({ pid }) => pid !== process.pid);
  const by = "PID namespace; looked again at the suite's end";
  run.results.add(
    ENDS.again,
    back.length === 0
      ? stopped(by, "no process of the first cells")
      : escaped(`${back.length} processes of the first cells`),
  );
}

async function actInLastCell(run: SuiteRun, past: Past): Promise<void> {
  const { driver, slots, signal, now } = run.options;
  const dead = expiredKey(now());
  const keys = { privateKey: past.privateKey, expiredKey: dead.privateKey };
  const order = [...afterwardsCases(keys), ...FILLING_CASES, ...endingCases];
  let agent: BenchCell | undefined;
  let builds = 0;
  try {
    for (const one of order.filter(({ id }) => wants(run, id)))
      await run.results.run(one, async () => {
        signal.throwIfAborted();
        // A case may have ended the cell, which is one way to be stopped.
        if (agent !== undefined && (await hasDied(agent.cell))) {
          await agent.cell.destroy();
          agent = undefined;
        }
        if (agent === undefined) {
          builds += 1;
          const name = `last-${builds}`;
          const moreKeys = [dead.line];
          const base = { driver, folder: run.folder, now: now(), moreKeys };
          agent = await buildSuiteCell({ ...base, index: slots[0], name, hostname: "origin" }, signal);
        }
        await using stage = await StageBench.open(run, agent, null);
        return await one.run(stage.bench);
      });
  } finally {
    await agent?.cell.destroy();
  }
}

/** `died` is told some turns after it is known. */
function hasDied(cell: Cell): Promise<boolean> {
  return Promise.race([cell.died.then(() => true), delay(20, false)]);
}
