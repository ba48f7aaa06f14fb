import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { EXIT } from "../exit-codes.ts";
import { runCli } from "../run-cli.ts";
import { startFakeCoordinator } from "../testing/fake-coordinator.ts";
import { controlJournal, CONTROLS_ID, CONTROLS_STUDY } from "../testing/fixture-controls.ts";
import { finishedJournal } from "../testing/fixture-journal.ts";
import { fakeLab, testContext } from "../testing/test-context.ts";

let dir = "";
let study = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-controls-"));
  const specimen = join(dir, "specimens/tiny");
  await mkdir(specimen, { recursive: true });
  await writeFile(
    join(specimen, "specimen.json"),
    '{"v":1,"name":"tiny","agent":"a","model":"m","weights":["w"],"ports":{"model":8760,"agent":8001}}',
  );
  for (const name of ["a", "m", "w"]) await writeFile(join(specimen, name), "x");
  study = join(dir, "controls.yaml");
  await writeFile(study, stringify({ ...CONTROLS_STUDY, trialsPerArm: 1 }));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

async function controls(journal: ReturnType<typeof controlJournal>, ...argv: string[]) {
  await using api = await startFakeCoordinator(dir, [], CONTROLS_ID);
  api.show(journal.lines);
  const { context, out, err } = testContext(dir, fakeLab(api.socketPath).startLab);
  const code = await runCli(["controls", "run", study, ...argv], context);
  return { code, out: out.text(), err: err.text(), submitted: api.submitted };
}

describe("redline controls run", () => {
  it("runs every arm as often as asked and ends with 0 where the controls are green", async () => {
    const { code, out, err, submitted } = await controls(controlJournal(), "--repeat", "2");
    expect({ code, repeats: submitted[0]?.definition.trialsPerArm }).toEqual({ code: EXIT.done, repeats: 2 });
    expect(err).toContain("cross-device/dummy/tiny: pan2024 refuted, strict refuted");
    expect(out).toContain("\nGREEN: strict confirmed every copy and no decoy, and nothing is undecided\n");
    expect(out).toContain("instrument calibration: control study controls-0001 of 2026-11-21");
    // Its own tables stand for that of a run.
    expect(out).not.toContain("arm / profile");
  });

  it("ends with 1 where strict is wrong, or a repeat differs", async () => {
    const wrong = await controls(controlJournal({ forwarder: ["confirmed", "confirmed"] }));
    expect(wrong.code).toBe(EXIT.unexpected);
    expect(wrong.out).toContain("NOT GREEN: strict confirmed 2 of 4 decoy trials\n");
    expect((await controls(controlJournal({ dummy: ["confirmed", "refuted"] }, true))).code).toBe(
      EXIT.unexpected,
    );
  });

  it("gives the same as one more JSON line, and as a page", async () => {
    const { out } = await controls(controlJournal(), "--json", "--out", "controls.md");
    const lines = out.trimEnd().split("\n");
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({
      kind: "controls",
      study: CONTROLS_ID,
      green: true,
      steady: true,
    });
    expect(await readFile(join(dir, "controls.md"), "utf8")).toContain("# Controls");
  });

  it("says before the run that its page cannot be written", async () => {
    const { code, err, submitted } = await controls(controlJournal(), "--out", "nowhere/controls.md");
    expect({ code, submitted }).toEqual({ code: EXIT.usage, submitted: [] });
    expect(err).toContain("try: --out FILE, in a folder that is there and can be written");
  });

  it("refuses a study that is no control study", async () => {
    await writeFile(study, stringify({ ...CONTROLS_STUDY, controls: false }));
    const { code, err, submitted } = await controls(controlJournal());
    expect({ code, submitted }).toEqual({ code: EXIT.usage, submitted: [] });
    expect(err).toContain("is no control study");
  });
});

it.each([["controls"], ["controls", "run"], ["controls", "show"]])(
  "has help with examples: %s %s",
  async (...argv) => {
    const { context, out } = testContext(dir);
    expect(await runCli([...argv, "--help"], context)).toBe(EXIT.done);
    expect(out.text()).toMatch(/Examples?:/);
  },
);

describe("redline controls show", () => {
  const show = async (lines: readonly string[], ...argv: string[]) => {
    const folder = join(dir, "state/coordinator");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "journal.jsonl"), lines.map((line) => `${line}\n`).join(""));
    const { context, out, err } = testContext(dir);
    const code = await runCli(["controls", ...argv, "--state", join(dir, "state")], context);
    return { code, out: out.text(), err: err.text() };
  };

  it("shows the newest of a journal, a bare noun too", async () => {
    const { code, out } = await show(controlJournal().lines, "show", "--out", "page.md");
    expect(code).toBe(EXIT.done);
    expect(out).toContain("pan2024 wrongly confirmed 2 of 4 decided decoy trials:");
    expect((await show(controlJournal().lines)).out).toBe(out);
    expect(await readFile(join(dir, "page.md"), "utf8")).toContain("## Decoys");
  });

  it("says what to do where there is none", async () => {
    const { code, err } = await show(finishedJournal(), "show");
    expect(code).toBe(EXIT.usage);
    expect(err).toContain(
      "there is no control study in this journal\ntry: run one with `redline controls run`",
    );
  });
});
