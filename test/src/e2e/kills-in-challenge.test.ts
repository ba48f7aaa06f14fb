import { existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { descendantsOf } from "../kit/descendants.ts";
import { killDaemon, liveAttempt } from "../kit/kill-daemon.ts";
import { redline, studyText, Workplace } from "../kit/redline.ts";
import { NOTHING_LEFT, RunTrace } from "../kit/run-trace.ts";
import { eventually, until } from "../kit/until.ts";

const text = studyText({ behaviours: ["competent"], scenarios: ["cross-device"] }).replace(
  "persistS: 1",
  "persistS: 4",
);

/** A run of one cross-device trial whose copy is being challenged. */
async function challenged(place: Workplace, far: (kinds: readonly string[]) => boolean) {
  const run = redline(["run", await place.study(text), "--state", place.state], place.dir);
  const { attempt } = await until(
    "the copy is challenged",
    () => {
      const live = liveAttempt(place);
      return far(live.kinds) && live;
    },
    60_000,
  );
  return { run, devices: attempt.devices };
}

/** What the killed attempt and the one after it came to; nothing of either is left. */
async function expectRetried(place: Workplace, run: ReturnType<typeof redline>, trace: RunTrace) {
  const ended = await run.ended;
  expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
  const [trial] = [...place.projection().trials.values()];
  expect(trial?.attempts.map((a) => a.fault)).toEqual(["node-restarted", null]);
  // Evidence was lost: nothing is said of that attempt, least of all that there was no copy.
  expect(trial?.attempts[0]?.adjudications).toEqual([]);
  expect(trial?.verdicts).toEqual({ pan2024: "confirmed", strict: "confirmed" });
  await eventually("nothing is left", () => expect(trace.left()).toEqual(NOTHING_LEFT));
}

it("kill -9 of the target's daemon while it challenges a copy: tried again, never refuted", async () => {
  await using place = new Workplace();
  using trace = new RunTrace(place.dir);
  const { run, devices } = await challenged(place, (kinds) => kinds.includes("canaries"));
  killDaemon(place, devices.target);
  await expectRetried(place, run, trace);
});

it("kill -9 of the origin's daemon while the original is stopped: nothing stays stopped", async () => {
  await using place = new Workplace();
  using trace = new RunTrace(place.dir);
  // The target's daemon asks the copy who thinks for it; then the origin's stops the original's whole cell.
  const { run, devices } = await challenged(place, (kinds) => kinds.includes("agent-model"));
  const stopped = await until("the original is stopped", () =>
    descendantsOf(run.pid).find(({ pid, cmdline }) => cmdline.includes("--port 8760") && isStopped(pid)),
  );
  killDaemon(place, devices.origin);
  await eventually("what was stopped is gone", () => expect(existsSync(`/proc/${stopped.pid}`)).toBe(false));
  await expectRetried(place, run, trace);
});

/** By a signal, or frozen by its cgroup. */
function isStopped(pid: number): boolean {
  try {
    if (/^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))) return true;
    const group = /^0::(\/.+)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8"))?.[1] ?? "";
    return ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
      .map((mount) => `${mount}${group}/cgroup.events`)
      .some((events) => existsSync(events) && /^frozen 1$/m.test(readFileSync(events, "utf8")));
  } catch {
    return false;
  }
}
