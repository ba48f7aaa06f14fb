import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DriverBench, DriverPromise } from "./driver-bench.ts";
import {
  failureOf,
  LONG_MS,
  need,
  needClean,
  needEqual,
  never,
  output,
  pidsIn,
  until,
} from "./driver-conformance-tools.ts";
import { linkPlan, NETNS_FOLDER } from "./link-plan.ts";
import { interfaceNames } from "./removal.ts";

/** What survives in other set-ups, started from a session. */
const SURVIVORS = [
  "setsid nohup bash -c 'while :; do sleep 1; done'",
  "setsid bash -c 'trap \"\" TERM HUP INT QUIT; while :; do sleep 1; done'",
  "perl -e 'fork && exit; use POSIX; setsid(); $0=q([kworker/0:1]); sleep 600'",
  // Fork and exit, again and again: the pid is another one each time somebody looks.
  "perl -e 'while (1) { fork && exit; select undef, undef, undef, 0.001 }'",
];

/** That nothing is left: of a cell, of a build that failed, of all of them at once. */
export function removalPromises(bench: DriverBench): DriverPromise[] {
  const { driver } = bench;
  const build = (index: number, more: Parameters<DriverBench["spec"]>[1] = {}) =>
    driver.build(bench.spec(index, more), never());
  const nothingLeft = async () => {
    needEqual(
      (await interfaceNames()).filter((name) => name.startsWith("rlc")),
      [],
      "links",
    );
    for (const index of [0, 1, 2]) {
      need(!existsSync(join(NETNS_FOLDER, linkPlan(index).netns)), `namespace ${index}`);
    }
    needEqual(
      driver.cells().map(({ id }) => id),
      [],
      "cells",
    );
  };
  return [
    [
      "destroy proves clean over everything that likes to survive, once",
      async () => {
        const spec = bench.spec(0);
        const cell = await driver.build(spec, never());
        {
          await using session = await bench.connect(cell);
          for (const command of SURVIVORS) {
            await session.exec(`(${command}) >/dev/null 2>&1 &`, { timeoutMs: LONG_MS });
          }
        }
        await until(() => pidsIn(cell.pidns).length >= 6, "the survivors' start");
        const [proof, again] = await Promise.all([cell.destroy(), cell.destroy()]);
        need(proof === again, "two removals");
        const { tookMs, ...rest } = proof;
        need(tookMs >= 0, "no time");
        const counts = { processes: 0, namespaces: 0, interfaces: 0, mounts: 0, listeners: 0 };
        needEqual(rest, { clean: true, ...counts, left: [] }, "proof");
        needEqual(await cell.died, { reason: "destroyed" }, "death");
        need(!existsSync(spec.stateDir), "its files");
        await nothingLeft();
      },
    ],
    [
      "a build that fails or is given up leaves nothing",
      async () => {
        const plant = { from: bench.folder("empty"), to: "/home/agent/system", weights: ["missing.gguf"] };
        needEqual(await failureOf(build(0, { plant })), "start", "missing weights");
        const stateDir = bench.folder("taken");
        needEqual(await failureOf(build(0, { stateDir })), "bad-spec", "a folder that exists");
        need(existsSync(stateDir), "a folder of somebody else was removed");
        for (const afterMs of [5, 60, 200]) {
          const control = new AbortController();
          const building = driver.build(bench.spec(0), control.signal);
          setTimeout(() => control.abort(), afterMs);
          const failure = await failureOf(building);
          // On a quick machine the last one is up by then.
          if (failure === "no error") await (await building).destroy();
          else needEqual(failure, "aborted", `given up after ${afterMs} ms`);
        }
        await nothingLeft();
      },
    ],
    [
      "a slot is given once, and again after its cell is gone",
      async () => {
        const cell = await build(0);
        needEqual(await failureOf(build(0)), "index-taken", "slot");
        await needClean(cell);
        await needClean(await build(0));
        await nothingLeft();
      },
    ],
    [
      "cells build beside one another, and do not see one another",
      async () => {
        const cells = await Promise.all([0, 1, 2].map((index) => build(index)));
        needEqual(new Set(cells.map(({ netns }) => netns)).size, 3, "network namespaces");
        const [first, second] = cells;
        need(first !== undefined && second !== undefined, "no cells");
        {
          await using session = await bench.connect(first);
          const dial = `timeout 1 bash -c '</dev/tcp/${second.address}/${second.sshPort}' 2>/dev/null || echo no`;
          needEqual(await output(session, dial), "no", "from one to the other");
        }
        await Promise.all(cells.map(needClean));
        await nothingLeft();
      },
    ],
    [
      "emptyAll ends every process, also of a cell that is being built",
      async () => {
        const cell = await build(0);
        const building = build(1);
        const failure = failureOf(building);
        const { cells, tookMs } = await driver.emptyAll();
        needEqual([cells, pidsIn(cell.pidns)], [1, []], "cells, processes");
        need(tookMs >= 0, "no time");
        needEqual(await failure, "aborted", "the build");
        needEqual(await cell.died, { reason: "destroyed" }, "death");
        await needClean(cell);
        await nothingLeft();
      },
    ],
  ];
}
