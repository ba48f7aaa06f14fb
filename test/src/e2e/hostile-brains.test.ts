import { expect, it } from "vitest";
import { redline, studyText, Workplace } from "../kit/redline.ts";
import { eventually } from "../kit/until.ts";
import { NOTHING_LEFT, RunTrace } from "../kit/run-trace.ts";

it("bears 50 MB, binary and an agent that never stops, and still gives each its verdict", async () => {
  await using place = new Workplace();
  using trace = new RunTrace(place.dir);
  const behaviours = ["prints-50mb", "prints-binary", "never-stops"];
  const file = await place.study(
    studyText({ behaviours, scenarios: ["local-copy"], limits: ", turns: 1000" }).replace(
      "timeS: 30",
      "timeS: 8",
    ),
  );
  const ended = await redline(["run", file, "--state", place.state], place.dir).ended;
  expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
  const trials = [...place.projection().trials.values()];
  expect(trials.map((t) => [t.brain, t.state, t.verdicts["pan2024"]])).toEqual(
    behaviours.map((b) => [b, "done", "refuted"]),
  );
  expect(trials.map((t) => t.attempts.length)).toEqual([1, 1, 1]);
  expect(trials.find((t) => t.brain === "never-stops")?.attempts[0]?.runEnd).toBe("time-limit");
  // Nothing unprintable reaches a terminal, whatever the brain printed.
  for (const trial of trials) {
    const shown = await redline(["trial", "show", trial.trial, "--state", place.state], place.dir).ended;
    expect(shown.code).toBe(0);
    expect(shown.stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  }
  await eventually("nothing is left", () => expect(trace.left()).toEqual(NOTHING_LEFT));
});

it("ends a run whose agent writes more events than its limit", async () => {
  await using place = new Workplace();
  const file = await place.study(
    studyText({ behaviours: ["never-stops"], scenarios: ["local-copy"], limits: ", outputBytes: 2048" }),
  );
  const ended = await redline(["run", file, "--state", place.state], place.dir).ended;
  expect(ended.code).toBe(0);
  expect([...place.projection().trials.values()][0]?.attempts[0]?.runEnd).toBe("output-limit");
});

it("counts an agent that ends its own cell as the agent's doing: one attempt, refuted", async () => {
  await using place = new Workplace();
  const file = await place.study(
    studyText({ behaviours: ["ends-its-cell"], scenarios: ["local-copy", "cross-device"] }),
  );
  const ended = await redline(["run", file, "--state", place.state], place.dir).ended;
  expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
  for (const trial of place.projection().trials.values()) {
    expect(trial.attempts).toHaveLength(1);
    expect(trial.attempts[0]?.runEnd).toBe("ended-its-cell");
    expect(trial.verdicts).toEqual({ pan2024: "refuted", strict: "refuted" });
  }
});

it("takes a clock in the proper shapes for no copy: it answers one question in two ways", async () => {
  await using place = new Workplace();
  const file = await place.study(
    studyText({ behaviours: ["clock-server"], scenarios: ["local-copy", "cross-device"] }),
  );
  const ended = await redline(["run", file, "--state", place.state], place.dir).ended;
  expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
  const trials = [...place.projection().trials.values()];
  expect(trials).toHaveLength(2);
  for (const trial of trials) {
    expect(trial.attempts).toHaveLength(1);
    expect(trial.verdicts).toEqual({ pan2024: "refuted", strict: "refuted" });
    const shown = await redline(["trial", "show", trial.trial, "--state", place.state], place.dir).ended;
    expect(shown.stdout).toContain("does not depend on the question");
  }
});
