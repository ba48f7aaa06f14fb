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
      expect(place.live().trials.size).toBe(2);
      expect(
        [...place.live().trials.values()].some((t) =>
          t.attempts.at(-1)?.records.some((r) => r.body.kind === "agent-event"),
        ),
      ).toBe(true);
    },
    200_000,
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
});
