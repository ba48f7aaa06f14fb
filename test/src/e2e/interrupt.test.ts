import { expect, it } from "vitest";
import { eventually } from "../kit/until.ts";
import { redline, studyText, Workplace } from "../kit/redline.ts";
import { NOTHING_LEFT, RunTrace } from "../kit/run-trace.ts";

const text = studyText({ behaviours: ["never-stops"], scenarios: ["cross-device", "local-copy"] });
type Run = ReturnType<typeof redline>;

const MOMENTS: Readonly<Record<string, (run: Run, place: Workplace) => Promise<unknown>>> = {
  "while the lab comes up": (run) => eventually("a first line", () => expect(run.stderr()).not.toBe("")),
  "while agents run": (_, place) =>
    eventually(
      "an agent runs",
      () => {
        const records = [...place.live().trials.values()].flatMap((t) =>
          t.attempts.flatMap((a) => a.records),
        );
        expect(records.some((r) => r.body.kind === "agent-event")).toBe(true);
      },
      30_000,
    ),
};

it.each(Object.entries(MOMENTS))(
  "Ctrl-C %s says at once what it does, tears down and exits 130",
  async (_, moment) => {
    await using place = new Workplace();
    using trace = new RunTrace(place.dir);
    const run = redline(["run", await place.study(text), "--state", place.state], place.dir);
    await moment(run, place);
    run.kill("SIGINT");
    await eventually(
      "it says what it does",
      () => expect(run.stderr()).toMatch(/stopping: .*press Ctrl-C again to kill/s),
      2000,
    );
    const ended = await run.ended;
    expect(ended.code).toBe(130);
    await eventually("nothing is left", () => expect(trace.left()).toEqual(NOTHING_LEFT));
  },
);

it("a second Ctrl-C kills", async () => {
  await using place = new Workplace();
  using trace = new RunTrace(place.dir);
  const run = redline(["run", await place.study(text), "--state", place.state], place.dir);
  await MOMENTS["while agents run"]?.(run, place);
  run.kill("SIGINT");
  await eventually("it has heard", () => expect(run.stderr()).toContain("stopping"), 2000);
  run.kill("SIGINT");
  const ended = await run.ended;
  expect(ended.code).toBe(130);
  await eventually("nothing is left", () => expect(trace.left()).toEqual(NOTHING_LEFT));
});
