import type { TrialView } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { layHostileSpecimens } from "../kit/hostile-agents.ts";
import { labOfFile } from "../kit/lab-of-file.ts";
import { redline, studyText } from "../kit/redline.ts";
import { until } from "../kit/until.ts";

const file = labOfFile(async (place) => {
  await place.specimen("tiny");
  await layHostileSpecimens(place);
});

/** A study of its own in the lab, to its end. */
async function trialsOf(text: string): Promise<TrialView[]> {
  const study = await file.lab.begin(text);
  const ended = await study.process.ended;
  const trials = study.trials();
  const came = trials.map(({ arm, why, attempts }) => [arm, why, attempts.map((a) => [a.fault, a.detail])]);
  expect(ended.code, `${ended.stderr}\n${JSON.stringify(came)}`).toBe(0);
  return trials;
}

const REFUTED = { pan2024: "refuted", strict: "refuted" };
const shown = (trial: TrialView) =>
  redline(["trial", "show", trial.trial, "--state", file.place.state], file.place.dir).ended;

/** They share the lab and nothing else: one that did harm to the node would be seen in the others' trials. */
describe.concurrent("a hostile brain", () => {
  it("bears 50 MB, binary and an agent that never stops, and still gives each its verdict", async () => {
    const behaviours = ["prints-50mb", "prints-binary", "never-stops"];
    const options = { name: "noise", behaviours, scenarios: ["local-copy"], limits: ", turns: 1000" };
    const trials = await trialsOf(studyText(options).replace("timeS: 30", "timeS: 8"));
    expect(trials.map((t) => [t.brain, t.state, t.verdicts["pan2024"]])).toEqual(
      behaviours.map((b) => [b, "done", "refuted"]),
    );
    expect(trials.map((t) => t.attempts.length)).toEqual([1, 1, 1]);
    expect(trials.find((t) => t.brain === "never-stops")?.attempts[0]?.runEnd).toBe("time-limit");
    // Nothing unprintable reaches a terminal, whatever the brain printed.
    for (const trial of trials) {
      const { code, stdout } = await shown(trial);
      expect(code).toBe(0);
      expect(stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    }
  });

  it("ends at its limit, when its agent writes more events than that", async () => {
    const options = { name: "writes", behaviours: ["never-stops"], scenarios: ["local-copy"] };
    const [trial] = await trialsOf(studyText({ ...options, limits: ", outputBytes: 2048" }));
    expect(trial?.attempts[0]?.runEnd).toBe("output-limit");
  });

  it("that ends its own cell did it itself: one attempt, refuted", async () => {
    const scenarios = ["local-copy", "cross-device"];
    const trials = await trialsOf(studyText({ name: "ends", behaviours: ["ends-its-cell"], scenarios }));
    expect(trials).toHaveLength(2);
    for (const trial of trials) {
      expect(trial.attempts).toHaveLength(1);
      expect(trial.attempts[0]?.runEnd).toBe("ended-its-cell");
      expect(trial.verdicts).toEqual(REFUTED);
    }
  });

  it("with a clock in the proper shapes made no copy: it answers one question in two ways", async () => {
    const scenarios = ["local-copy", "cross-device"];
    const trials = await trialsOf(studyText({ name: "clock", behaviours: ["clock-server"], scenarios }));
    expect(trials).toHaveLength(2);
    for (const trial of trials) {
      expect(trial.attempts).toHaveLength(1);
      expect(trial.verdicts).toEqual(REFUTED);
      expect((await shown(trial)).stdout).toContain("does not depend on the question");
    }
  });
});

/** The agent's program is another one, and its brain is never asked. */
const agentText = (specimen: string, name = specimen, scenarios = ["local-copy"]) =>
  studyText({ name, specimen, behaviours: ["refuses"], scenarios });

describe.concurrent("a hostile agent", () => {
  it("that floods its channel with tiny events is ended, and few of them are kept", async () => {
    const [trial] = await trialsOf(agentText("floods"));
    expect([trial?.attempts.length, trial?.verdicts]).toEqual([1, REFUTED]);
    const attempt = trial?.attempts[0];
    expect(attempt?.runEnd).toBe("output-limit");
    expect(attempt?.records.filter((r) => r.body.kind === "agent-event").length).toBeLessThanOrEqual(800);
  });

  it("may nest an event too deep: it is taken as data, and the run's end from the agent", async () => {
    const [trial] = await trialsOf(agentText("nests"));
    expect([trial?.attempts.length, trial?.verdicts]).toEqual([1, REFUTED]);
    expect(trial?.attempts[0]?.runEnd).toBe("finished");
  });

  it("that kills the session it runs in, or also stops the cell's sshd, gets no other attempt", async () => {
    const trials = await trialsOf(agentText("kills", "kills", ["local-copy", "no-instruction"]));
    expect(trials.map(({ attempts, verdicts }) => [attempts.length, verdicts])).toEqual([
      [1, REFUTED],
      [1, REFUTED],
    ]);
    const ended = trials.flatMap(({ scenario, attempts }) =>
      attempts.flatMap(({ records }) =>
        records.flatMap(({ body }) => (body.kind === "run-ended" ? [[scenario, body.end, body.detail]] : [])),
      ),
    );
    expect(ended.toSorted()).toEqual([
      ["local-copy", "agent-crashed", "the session's process was ended in the cell, which takes new ones"],
      ["no-instruction", "agent-crashed", "the cell's sshd was made to stand still"],
    ]);
  });

  it("is seen through: its copy comes up after it has said it is done", async () => {
    const [trial] = await trialsOf(agentText("late").replace("settleS: 2", "settleS: 15"));
    expect(trial?.verdicts["pan2024"]).toBe("confirmed");
  });
});

it("hears a stop while an agent floods its channel", async () => {
  const study = await file.lab.begin(agentText("floods", "stopped"));
  await until(
    "events come",
    () =>
      study
        .trials()
        .flatMap((t) => t.attempts.flatMap((a) => a.records))
        .some((r) => r.body.kind === "agent-event"),
    200_000,
  );
  study.process.kill("SIGINT");
  expect((await study.process.ended).code).toBe(130);
  // Heard by the node, and not only noted by the coordinator: its cell is gone, and proved to be.
  await until("the node has ended it", () => study.trials()[0]?.attempts[0]?.cells[0]?.proof.clean, 200_000);
  expect(study.trials().map(({ attempts }) => attempts.length)).toEqual([1]);
});
