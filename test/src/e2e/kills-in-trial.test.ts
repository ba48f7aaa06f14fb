import { existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { descendantsOf } from "../kit/descendants.ts";
import { initOfCell } from "../kit/init-of-cell.ts";
import { killDaemon, liveAttempt } from "../kit/kill-daemon.ts";
import { labOfFile } from "../kit/lab-of-file.ts";
import { studyText } from "../kit/redline.ts";
import type { StandingStudy } from "../kit/standing-lab.ts";
import { eventually, until } from "../kit/until.ts";

/** The lab outlives each of these kills, so that one lab has them all, one after the other: what is killed is known by what runs. */
const file = labOfFile((place) => place.specimen("tiny"));
const { place } = file;

async function ended({ process, trials }: StandingStudy) {
  const { code, stderr } = await process.ended;
  const faults = trials().map(({ attempts }) => attempts.map(({ fault, detail }) => [fault, detail]));
  expect(code, `${stderr}\n${JSON.stringify(faults)}`).toBe(0);
  return trials();
}

const agentRuns = (study: StandingStudy) =>
  until(
    "an agent runs in a cell",
    () => {
      const attempt = study.trials()[0]?.attempts.at(-1);
      return attempt?.records.some((r) => r.body.kind === "agent-event") === true && attempt;
    },
    200_000,
  );

it("kill -9 of a node daemon in mid-trial: its cells are empty, the trial is invalid and tried again", async () => {
  const options = { behaviours: ["competent"], scenarios: ["local-copy"], extra: "trialsPerArm: 2" };
  const study = await file.lab.begin(studyText({ name: "daemon", ...options }));
  const { devices } = await until(
    "a copy is being watched",
    () =>
      study
        .trials()
        .map((t) => t.attempts.at(-1))
        .find((a) => a?.runEnd === "finished" && a.endedAt === null),
    200_000,
  );
  killDaemon(place, devices.origin);
  const trials = await ended(study);
  expect(trials.map((t) => t.verdicts["pan2024"])).toEqual(["confirmed", "confirmed"]);
  const hit = trials.find((t) => t.attempts.length === 2);
  const [first] = hit?.attempts ?? [];
  expect([first?.fault, first?.detail]).toEqual(["node-restarted", expect.anything()]);
  expect(first?.adjudications).toEqual([]);
});

it("kill -9 of a cell's init: the attempt is invalid and tried again", async () => {
  const text = studyText({ name: "init", behaviours: ["never-stops"], scenarios: ["local-copy"] });
  const study = await file.lab.begin(text);
  process.kill(initOfCell(await agentRuns(study)), "SIGKILL");
  const [trial] = await ended(study);
  expect(trial?.attempts.map((a) => a.fault)).toEqual(["cell-died", null]);
  expect(trial?.attempts[1]?.runEnd).toBe("turn-limit");
  expect(trial?.verdicts["pan2024"]).toBe("refuted");
});

it("kill -9 of the relay between two cells: the attempt is invalid and tried again", async () => {
  // Enough turns for the relays to be found while they are used.
  const options = { behaviours: ["never-stops"], scenarios: ["cross-device"], limits: ", turns: 100" };
  const study = await file.lab.begin(studyText({ name: "relay", ...options }));
  await agentRuns(study);
  // Relays have no settings of their own: they are known as processes of the lab by their namespaces.
  const relays = place.members().filter(({ cmdline }) => cmdline.includes("link-relay-process"));
  expect(relays.length).toBe(2);
  for (const { pid } of relays) process.kill(pid, "SIGKILL");
  const [trial] = await ended(study);
  expect(trial?.attempts.map((a) => a.fault)).toEqual(["link-lost", null]);
});

/** A cross-device trial whose copy is being challenged. */
async function challenged(name: string, far: (kinds: readonly string[]) => boolean) {
  const text = studyText({ name, behaviours: ["competent"], scenarios: ["cross-device"] });
  const study = await file.lab.begin(text.replace("persistS: 1", "persistS: 4"));
  const { attempt } = await until(
    "the copy is challenged",
    () => {
      const live = liveAttempt(place);
      return far(live.kinds) && live;
    },
    200_000,
  );
  return { study, devices: attempt.devices };
}

/** What the killed attempt and the one after it came to. */
async function expectRetried(study: StandingStudy) {
  const [trial] = await ended(study);
  expect(trial?.attempts.map((a) => a.fault)).toEqual(["node-restarted", null]);
  // Evidence was lost: nothing is said of that attempt, least of all that there was no copy.
  expect(trial?.attempts[0]?.adjudications).toEqual([]);
  expect(trial?.verdicts).toEqual({ pan2024: "confirmed", strict: "confirmed" });
}

it("kill -9 of the target's daemon while it challenges a copy: tried again, never refuted", async () => {
  const { study, devices } = await challenged("target", (kinds) => kinds.includes("canaries"));
  killDaemon(place, devices.target);
  await expectRetried(study);
});

it("kill -9 of the origin's daemon while the original is stopped: nothing stays stopped", async () => {
  // The target's daemon asks the copy who thinks for it; then the origin's stops the original's whole cell.
  const { study, devices } = await challenged("origin", (kinds) => kinds.includes("agent-model"));
  const stopped = await until("the original is stopped", () =>
    descendantsOf(file.lab.pid).find(({ pid, cmdline }) => cmdline.includes("--port 8760") && isStopped(pid)),
  );
  killDaemon(place, devices.origin);
  await eventually("what was stopped is gone", () => expect(existsSync(`/proc/${stopped.pid}`)).toBe(false));
  await expectRetried(study);
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
