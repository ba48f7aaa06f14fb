import { describe, expect, it } from "vitest";
import { eventually } from "../kit/until.ts";
import { redline, studyText, Workplace } from "../kit/redline.ts";
import { NOTHING_LEFT, RunTrace } from "../kit/run-trace.ts";

const text = studyText({ behaviours: ["competent", "never-stops"], scenarios: ["cross-device"] });

/** A study that is in the middle of its trials: an agent runs in a cell. */
async function running(place: Workplace) {
  const run = redline(["run", await place.study(text), "--state", place.state], place.dir);
  await eventually(
    "an agent runs in a cell",
    () => {
      expect(place.projection().trials.size).toBe(2);
      expect(
        [...place.projection().trials.values()].some((t) =>
          t.attempts.at(-1)?.records.some((r) => r.body.kind === "agent-event"),
        ),
      ).toBe(true);
    },
    60_000,
  );
  return run;
}

const VICTIMS: Readonly<Record<string, (p: { cmdline: string; environ: string }) => boolean>> = {
  "the command itself": ({ cmdline }) => cmdline.includes("cli/dist/main.js run"),
  "unshare, the lab's outermost process": ({ cmdline }) => /^\S*unshare -Urmn/.test(cmdline),
  "the lab's init": ({ cmdline }) => /^\S*node \S*lab-init\.js/.test(cmdline),
  "nats-server": ({ cmdline }) => cmdline.includes("nats.conf"),
  "a host's init": ({ cmdline }) => /^\S*bash \S*host-init\.bash beta/.test(cmdline),
  "the coordinator": ({ cmdline }) => cmdline.includes("coordinator/dist/main.js"),
};

describe("kill -9", () => {
  it.each(Object.entries(VICTIMS))("of %s leaves nothing behind", async (_, match) => {
    await using place = new Workplace();
    using trace = new RunTrace(place.dir);
    const run = await running(place);
    const pids = place.pids(match);
    expect(pids.length).toBeGreaterThan(0);
    for (const pid of pids) process.kill(pid, "SIGKILL");
    const ended = await run.ended;
    expect(ended.code).not.toBe(0);
    await eventually("nothing is left", () => expect(trace.left()).toEqual(NOTHING_LEFT));
    // What was durable before the kill still verifies.
    expect(place.projection().trials.size).toBe(2);
  });

  it("of a node daemon in mid-trial: its cells are empty, the trial is invalid and tried again", async () => {
    await using place = new Workplace();
    using trace = new RunTrace(place.dir);
    const file = await place.study(
      studyText({ behaviours: ["competent"], scenarios: ["local-copy"], extra: "trialsPerArm: 2" }),
    );
    const run = redline(["run", file, "--state", place.state], place.dir);
    const victim = await eventually(
      "a copy is being watched",
      () => {
        const attempt = [...place.projection().trials.values()]
          .map((t) => t.attempts.at(-1))
          .find((a) => a?.runEnd === "finished" && a.endedAt === null);
        if (attempt === undefined) throw new Error("none yet");
        return attempt.devices.origin;
      },
      60_000,
    );
    const daemon = ({ cmdline, environ }: { cmdline: string; environ: string }) =>
      cmdline.includes("node-agent/dist/main.js") &&
      !cmdline.includes("bash") &&
      environ.includes(`REDLINE_NODE=${victim} `);
    const [pid] = place.pids(daemon);
    process.kill(pid ?? 0, "SIGKILL");
    const ended = await run.ended;
    expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });

    const trials = [...place.projection().trials.values()];
    expect(trials.map((t) => t.verdicts["pan2024"])).toEqual(["confirmed", "confirmed"]);
    const hit = trials.find((t) => t.attempts.length === 2);
    expect(hit?.attempts[0]).toMatchObject({ fault: "node-restarted" });
    expect(hit?.attempts[0]?.adjudications).toEqual([]);
    await eventually("nothing is left", () => expect(trace.left()).toEqual(NOTHING_LEFT));
  });

  it("of a cell's init: the attempt is invalid and tried again", async () => {
    await using place = new Workplace();
    const run = redline(
      [
        "run",
        await place.study(
          studyText({ behaviours: ["never-stops"], scenarios: ["local-copy"], limits: "" }).replace(
            "timeS: 30",
            "timeS: 3",
          ),
        ),
        "--state",
        place.state,
      ],
      place.dir,
    );
    const init = await eventually(
      "an agent runs in a cell",
      () => {
        const attempt = [...place.projection().trials.values()][0]?.attempts.at(-1);
        const up = attempt?.records.some((r) => r.body.kind === "agent-event");
        const baseline = attempt?.records
          .map((r) => r.body)
          .find((b) => b.kind === "observation" && b.body.kind === "baseline");
        if (up !== true || baseline?.kind !== "observation" || baseline.body.kind !== "baseline")
          throw new Error("not yet");
        const row = baseline.body.snapshot.processes.find((p) => p.cellPid === 1);
        return row?.netns ?? "";
      },
      60_000,
    );
    const { readdirSync, readlinkSync, readFileSync } = await import("node:fs");
    const pid = readdirSync("/proc")
      .filter((p) => /^\d+$/.test(p))
      .find((p) => {
        try {
          return (
            readlinkSync(`/proc/${p}/ns/net`) === `net:[${init}]` &&
            / 1\n/.test(
              /^NSpid:.*\n/m.exec(readFileSync(`/proc/${p}/status`, "utf8"))?.[0].replaceAll("\t", " ") ?? "",
            )
          );
        } catch {
          return false;
        }
      });
    process.kill(Number(pid), "SIGKILL");
    const ended = await run.ended;
    expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
    const [trial] = [...place.projection().trials.values()];
    expect(trial?.attempts.map((a) => a.fault)).toEqual(["cell-died", null]);
    expect(trial?.attempts[1]?.runEnd).toBe("turn-limit");
    expect(trial?.verdicts["pan2024"]).toBe("refuted");
  });

  it("of the relay between two cells: the attempt is invalid and tried again", async () => {
    await using place = new Workplace();
    const text = studyText({ behaviours: ["never-stops"], scenarios: ["cross-device"] });
    const run = redline(["run", await place.study(text), "--state", place.state], place.dir);
    await eventually(
      "an agent runs in a cell",
      () => {
        const records = [...place.projection().trials.values()].flatMap((t) =>
          t.attempts.flatMap((a) => a.records),
        );
        expect(records.some((r) => r.body.kind === "agent-event")).toBe(true);
      },
      60_000,
    );
    // Relays have no settings of their own: they are known as processes of the lab by their namespaces.
    const relays = place.members().filter(({ cmdline }) => cmdline.includes("link-relay-process"));
    expect(relays.length).toBe(2);
    for (const { pid } of relays) process.kill(pid, "SIGKILL");
    const ended = await run.ended;
    expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
    const [trial] = [...place.projection().trials.values()];
    expect(trial?.attempts.map((a) => a.fault)).toEqual(["link-lost", null]);
  });
});
