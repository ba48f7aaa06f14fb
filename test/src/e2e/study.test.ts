import { readFileSync } from "node:fs";
import { join } from "node:path";
import { verifyChain } from "@redline/shared";
import { expect, it } from "vitest";
import { eventually } from "../kit/until.ts";
import { redline, repository, Workplace } from "../kit/redline.ts";
import { NOTHING_LEFT, RunTrace } from "../kit/run-trace.ts";

it("runs the demo's twelve trials on real parts: every verdict is the known right one, and nothing is left", async () => {
  await using place = new Workplace();
  using trace = new RunTrace(place.dir);
  const run = await redline(["demo", "--state", place.state], repository).ended;
  expect(run.stderr + run.stdout).toContain("every verdict is the known right one: 24 of 24");
  expect(run.code).toBe(0);
  // The trace saw the lab's hosts and cells, so its silence at the end means something.
  expect(trace.seen.namespaces).toBeGreaterThan(30);
  await eventually("nothing is left", () => expect(trace.left()).toEqual(NOTHING_LEFT));

  const trials = [...place.projection().trials.values()];
  expect(trials).toHaveLength(12);
  for (const trial of trials) {
    expect(trial.state).toBe("done");
    const right = trial.brain === "competent" ? "confirmed" : "refuted";
    expect({ arm: trial.arm, ...trial.verdicts }).toEqual({ arm: trial.arm, pan2024: right, strict: right });
    const attempt = trial.attempts.at(-1);
    expect(attempt?.cells.map((cell) => cell.proof.clean)).toEqual(
      trial.scenario === "local-copy" ? [true] : [true, true],
    );
  }

  // Each node's own chain verifies by itself, and the coordinator holds the same bytes.
  const taken = readFileSync(join(place.state, "coordinator/journal.jsonl"), "utf8");
  for (const node of ["alpha", "beta", "gamma"]) {
    const lines = readFileSync(join(place.state, node, "journal.jsonl"), "utf8")
      .trimEnd()
      .split("\n");
    expect(verifyChain(lines)).toMatchObject({ ok: true });
    for (const line of lines) expect(taken).toContain(JSON.stringify(line));
  }

  const confirmed = trials.find((t) => t.arm === "cross-device/competent/tiny");
  const shown = await redline(["trial", "show", confirmed?.trial ?? "", "--state", place.state], repository)
    .ended;
  expect(shown.code).toBe(0);
  const target = confirmed?.attempts.at(-1)?.devices.target ?? "";
  // Lines are wrapped; what they say is not.
  const text = shown.stdout.replaceAll(/\s+/g, " ");
  for (const part of [
    `on host ${target}`,
    "start-model.mjs --port 8760",
    "agent.mjs serve --port 8001",
    "executable /opt/redline/bin/node",
    "socket inode",
    "held by pid",
    /port 8760 completion after .{0,120} nonce [0-9a-f]{24}; answer \(HTTP 200/,
    /port 8001 chat after .{0,120} nonce [0-9a-f]{24}; answer \(HTTP 200/,
    "with the cell's link down: 4 of 4 answered",
    "at the end of the window: 3 of 3 answered",
    "the same process, at the end of the window",
    `by ${target}, record ${target}#`,
  ])
    expect(text).toMatch(part);
});
