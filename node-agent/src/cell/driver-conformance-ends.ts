import { setTimeout as delay } from "node:timers/promises";
import type { DriverBench, DriverPromise } from "./driver-bench.ts";
import { need, needClean, needEqual, never, pidsIn, until } from "./driver-conformance-tools.ts";

/** The listener: init's own child. */
const KILL_SSHD = String.raw`
for s in /proc/[0-9]*/status; do
  grep -q '^Name:.sshd' $s && grep -q '^PPid:.1$' $s && s=${"$"}{s#/proc/} && kill -9 ${"$"}{s%/status}
done`;

/** How a cell ends, and what it says of it. */
export function endPromises(bench: DriverBench): DriverPromise[] {
  const { driver } = bench;
  const build = (more: Parameters<DriverBench["spec"]>[1] = {}) => driver.build(bench.spec(0, more), never());
  const sweptClean = async () => {
    const proofs = await driver.sweepLeftovers();
    need(proofs.length > 0, "nothing was swept");
    for (const proof of proofs) need(proof.clean, `not clean: ${proof.left.join(", ")}`);
    needEqual(await driver.sweepLeftovers(), [], "a second sweep");
  };
  return [
    [
      "its life ends on time, under a healthy daemon",
      async () => {
        const cell = await build({ ttlMs: 2_500 });
        needEqual(await cell.died, { reason: "ttl" }, "death");
        await until(() => pidsIn(cell.pidns).length === 0, "empty");
        await needClean(cell);
      },
    ],
    [
      "it lives while its daemon beats, and ends when the daemon hangs",
      async () => {
        const daemon = await bench.startDaemon(5, { heartbeatMs: 4_000 });
        await delay(4_500);
        need(pidsIn(daemon.pidns).length >= 2, "ended under a beating daemon");
        daemon.signal("SIGSTOP");
        await until(() => pidsIn(daemon.pidns).length === 0, "empty after the freeze");
        daemon.signal("SIGKILL");
        await sweptClean();
      },
    ],
    [
      "it ends with its daemon, and the next daemon removes the rest",
      async () => {
        const daemon = await bench.startDaemon(5, { heartbeatMs: 60_000 });
        need(pidsIn(daemon.pidns).length >= 2, "no cell");
        daemon.signal("SIGKILL");
        await until(() => pidsIn(daemon.pidns).length === 0, "empty");
        await sweptClean();
      },
    ],
    [
      "a sweep ends a cell that still runs and that this driver does not know",
      async () => {
        const daemon = await bench.startDaemon(5, { heartbeatMs: 60_000 });
        await sweptClean();
        needEqual(pidsIn(daemon.pidns), [], "processes");
        daemon.signal("SIGKILL");
      },
    ],
    [
      "it ends with its sshd, and with its init, and says which",
      async () => {
        const first = await build();
        {
          await using session = await bench.connect(first);
          await session.exec(KILL_SSHD).catch(() => undefined);
        }
        needEqual(await first.died, { reason: "sshd" }, "death");
        await needClean(first);
        const second = await build();
        process.kill(second.initPid, "SIGKILL");
        needEqual(await second.died, { reason: "killed" }, "death");
        await until(() => pidsIn(second.pidns).length === 0, "empty");
        await needClean(second);
      },
    ],
    [
      "empty ends every process at once, and leaves the proof to destroy",
      async () => {
        const cell = await build();
        {
          await using session = await bench.connect(cell);
          await session.exec("setsid sleep 600 >/dev/null 2>&1 & true");
        }
        const tookMs = await cell.empty();
        need(tookMs !== null, "stuck");
        needEqual(pidsIn(cell.pidns), [], "processes");
        needEqual(await cell.died, { reason: "destroyed" }, "death");
        need(driver.cells().includes(cell), "forgotten before it is removed");
        await needClean(cell);
        need(!driver.cells().includes(cell), "kept after it is removed");
      },
    ],
  ];
}
