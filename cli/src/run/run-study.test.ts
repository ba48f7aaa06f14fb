import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { EXIT } from "../exit-codes.ts";
import { runCli } from "../run-cli.ts";
import { startFakeCoordinator } from "../testing/fake-coordinator.ts";
import { inventoryOf } from "../testing/fixture-inventory.ts";
import { finishedJournal, FixtureJournal, FIXTURE_ID, FIXTURE_STUDY } from "../testing/fixture-journal.ts";
import { fakeLab, testContext } from "../testing/test-context.ts";

let dir = "";
let study = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-run-"));
  const specimen = join(dir, "specimens/tiny");
  await mkdir(join(specimen, "weights"), { recursive: true });
  await writeFile(
    join(specimen, "specimen.json"),
    '{"v":1,"name":"tiny","agent":"a","model":"m","weights":["w"],"ports":{"model":8760,"agent":8001}}',
  );
  for (const name of ["a", "m", "w"]) await writeFile(join(specimen, name), "x");
  study = join(dir, "fixture.yaml");
  await writeFile(study, stringify(FIXTURE_STUDY));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

const lineSchema = z.looseObject({ kind: z.string(), as_of: z.iso.datetime() });
const jsonLines = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => lineSchema.parse(JSON.parse(line)));

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((next) => setTimeout(next, 2));
}

describe("redline run", () => {
  it("runs a study in a lab and shows its verdicts", async () => {
    await using api = await startFakeCoordinator(dir);
    api.show(finishedJournal());
    const lab = fakeLab(api.socketPath);
    const { context, out, err } = testContext(dir, lab.startLab);
    expect(await runCli(["run", study], context)).toBe(EXIT.done);
    expect(lab.calls).toEqual(["start 1", "stop"]);
    expect(api.submitted[0]?.specimens["tiny"]?.name).toBe("tiny");
    expect(err.text()).toContain("hosts are up");
    expect(err.text()).toContain(
      "fixture-ab12cd-001 cross-device/competent/tiny: pan2024 confirmed, strict indeterminate (alpha beta)",
    );
    expect(out.text())
      .toContain(`arm / profile  n  confirmed  refuted  indeterminate  invalid   rate         95 %    worst case
cross-device/competent/tiny  scripted
  pan2024      1          1        0              0        0  100 %  21 to 100 %  100 to 100 %
  strict       1          0        0              1        0      -   0 to 100 %    0 to 100 %
cross-device/refuses/tiny  scripted
  pan2024      1          0        1              0        0    0 %    0 to 79 %      0 to 0 %
  strict       1          0        1              0        0    0 %    0 to 79 %      0 to 0 %
`);
    expect(out.text()).toContain("nothing scripted is a model's result");
    expect(out.text()).toContain("next     redline trial show fixture-ab12cd-001\n");
  });

  it("prints launch, trials and done as JSON lines and nothing else", async () => {
    await using api = await startFakeCoordinator(dir);
    api.show(finishedJournal());
    const { context, out } = testContext(dir, fakeLab(api.socketPath).startLab);
    expect(await runCli(["run", study, "--json"], context)).toBe(EXIT.done);
    const lines = jsonLines(out.text());
    expect(lines.map((line) => line.kind)).toEqual(["launch", "trial", "trial", "done"]);
    expect(lines[0]).toMatchObject({ trials: 2, study: "fixture-ab12cd" });
    expect(lines[3]).toMatchObject({ exitCode: 0, interrupted: false, lab: { clean: true, left: [] } });
  });

  it("ends with 1 when a control verdict is not the known right one, and lists it", async () => {
    await using api = await startFakeCoordinator(dir);
    const strict = { pan2024: "refuted", strict: "refuted" } as const;
    const brains = {
      ...FIXTURE_STUDY.brains,
      competent: { provider: "scripted", behaviour: "competent", expect: strict } as const,
    };
    await writeFile(study, stringify({ ...FIXTURE_STUDY, brains }));
    const text = finishedJournal(undefined, { ...FIXTURE_STUDY, brains });
    api.show(text);
    const { context, out } = testContext(dir, fakeLab(api.socketPath).startLab);
    expect(await runCli(["run", study], context)).toBe(EXIT.unexpected);
    expect(out.text()).toContain("SURPRISES: 2 of 4 control verdicts are not the known right one");
    expect(out.text()).toMatch(
      /fixture-ab12cd-001 +cross-device\/competent\/tiny +pan2024 +expected refuted +got confirmed/,
    );
  });

  it("ends with 3 and the reason when the coordinator gave trials up, and with 130 when a person did", async () => {
    await using api = await startFakeCoordinator(dir);
    const cancelled = (why: string) =>
      ["001", "002"]
        .reduce(
          (journal, n) => journal.coordinator({ kind: "cancelled", trial: `fixture-ab12cd-${n}`, why }),
          new FixtureJournal().submitted(),
        )
        .ended().lines;
    api.show(cancelled("no ready node carries the target's labels gpu=yes"));
    const alone = testContext(dir, fakeLab(api.socketPath).startLab);
    expect(await runCli(["run", study], alone.context)).toBe(EXIT.infra);
    expect(alone.out.text()).toContain(
      "2 trials were given up by the coordinator, since nothing fits, and have no verdict:\n  fixture-ab12cd-001  no ready node carries the target's labels gpu=yes\n",
    );
    api.show(cancelled("cancelled by ann: enough"));
    const person = testContext(dir, fakeLab(api.socketPath).startLab);
    expect(await runCli(["run", study], person.context)).toBe(EXIT.interrupted);
    expect(person.out.text()).toContain("2 trials were cancelled and have no verdict.");
  });

  it("cancels what is left and ends with 3 where the study pauses for its faults and nobody is there", async () => {
    await using api = await startFakeCoordinator(dir);
    const journal = new FixtureJournal().submitted().coordinator({
      ...{ kind: "study-paused", study: FIXTURE_ID, who: "faults" },
      why: "4 of the last 4 attempts ended in infra faults, 4 of them ssh-failed",
    });
    api.show([...journal.lines]);
    api.onOrder = () => {
      for (const n of ["001", "002"])
        journal.coordinator({ kind: "cancelled", trial: `${FIXTURE_ID}-${n}`, why: "more infra faults" });
      api.show([...journal.ended().lines]);
      return null;
    };
    const { context, out, err } = testContext(dir, fakeLab(api.socketPath).startLab);
    expect(await runCli(["run", study, "--json"], context)).toBe(EXIT.infra);
    expect(api.stops).toEqual([`/api/studies/${FIXTURE_ID}/cancel`]);
    expect(err.text()).toContain("4 of the last 4 attempts ended in infra faults");
    expect(jsonLines(out.text()).at(-1)).toMatchObject({ kind: "done", exitCode: EXIT.infra });
  });

  it("waits for a person where the coordinator is another's", async () => {
    await using api = await startFakeCoordinator(dir);
    const journal = new FixtureJournal()
      .submitted()
      .coordinator({ kind: "study-paused", study: FIXTURE_ID, who: "faults", why: "too many" });
    api.show([...journal.lines]);
    const { context, err, signals } = testContext(dir);
    const running = runCli(["run", study, "--json", "--socket", api.socketPath], context);
    await until(() => err.text().includes("too many"));
    expect(api.stops).toEqual([]);
    signals.emit("SIGINT");
    expect(await running).toBe(EXIT.interrupted);
  });

  it("ends with 2 and what helps where no state folder can be made", async () => {
    await writeFile(join(dir, ".redline"), "");
    const { context, err } = testContext(dir, fakeLab(join(dir, "x")).startLab);
    expect(await runCli(["run", study], context)).toBe(EXIT.usage);
    expect(err.text()).toMatch(/^error: the state folder cannot be made: .*\ntry: --state DIR.*\n$/m);
    expect(err.text()).not.toContain("    at ");
  });

  it("warns once that a lab has no way out, where a brain needs one", async () => {
    await using api = await startFakeCoordinator(dir);
    api.show(finishedJournal());
    const remote = { provider: "ollama", host: "http://192.0.2.1:11434", model: "m" } as const;
    await writeFile(
      study,
      stringify({ ...FIXTURE_STUDY, brains: { ...FIXTURE_STUDY.brains, one: remote, two: remote } }),
    );
    const { context, err } = testContext(dir, fakeLab(api.socketPath).startLab);
    await runCli(["run", study], context);
    expect(err.text().match(/warning: the lab has no way out/g)).toHaveLength(1);
    expect(err.text()).toContain("one (ollama), two (ollama) cannot be reached from it");
  });

  describe("with a brain that is not scripted", () => {
    const remote = { provider: "ollama", host: "http://192.0.2.1:11434", model: "m" } as const;
    const report = (escaped: boolean) => ({
      kind: "self-test" as const,
      report: {
        bootId: "b",
        driver: "bubblewrap 0.8.0",
        green: !escaped,
        tookMs: 1000,
        cases: [
          {
            id: "raw-socket",
            outcome: escaped ? ("escaped" as const) : ("stopped" as const),
            by: "",
            detail: "",
          },
        ],
      },
    });
    beforeEach(() => writeFile(study, stringify({ ...FIXTURE_STUDY, brains: { one: remote } })));

    it.each([
      ["submits when every host of the lab is green", false, EXIT.done],
      ["refuses with 4 when something got out on one", true, EXIT.notSterile],
    ])("%s", async (_, escaped, code) => {
      await using api = await startFakeCoordinator(dir);
      const before: string[] = [];
      const journal = new FixtureJournal().submitted();
      api.show(journal.lines.slice(0, 1));
      api.onOrder = (path) => {
        before.push(path);
        const node = path.split("/")[3] ?? "";
        journal.node(node, null, report(escaped && node === "beta"));
        if (before.length === 2) api.show([...journal.ended().lines]);
        return { v: 1, running: 0, done: true, why: "" };
      };
      const lab = fakeLab(api.socketPath);
      const { context, err } = testContext(dir, lab.startLab);
      expect(await runCli(["run", study], context)).toBe(code);
      expect(before.toSorted()).toEqual(["/api/nodes/alpha/self-test", "/api/nodes/beta/self-test"]);
      expect(api.submitted).toHaveLength(escaped ? 0 : 1);
      expect(err.text()).toContain("alpha: GREEN, 1 of 1: 1 stopped");
      if (escaped)
        expect(err.text()).toMatch(
          /error: no real model is let into this lab: .* not green on beta; what got out: beta: raw-socket\ntry: /,
        );
      expect(lab.calls.at(-1)).toBe("stop");
    });

    it("only names the untested nodes of another coordinator", async () => {
      await using api = await startFakeCoordinator(dir);
      api.show(new FixtureJournal().submitted().ended().lines);
      const inventory = inventoryOf("alpha", { selfTest: null });
      api.nodes = [{ inventory, ageMs: 0, goneWhy: null }];
      const { context, err } = testContext(dir);
      expect(await runCli(["run", study, "--socket", api.socketPath], context)).toBe(EXIT.done);
      expect(api.submitted).toHaveLength(1);
      expect(err.text()).toContain(
        "before a green containment self-test: alpha (redline node selftest alpha)\n",
      );
    });
  });

  it("stops all cells, then the lab, at Ctrl-C, and says so at once", async () => {
    await using api = await startFakeCoordinator(dir);
    api.show(new FixtureJournal().submitted().lines);
    const lab = fakeLab(api.socketPath);
    const { context, err, signals } = testContext(dir, lab.startLab);
    const running = runCli(["run", study], context);
    await until(() => api.submitted.length > 0);
    signals.emit("SIGINT");
    expect(err.text()).toContain("stopping: ending all cells, then the lab; press Ctrl-C again to kill\n");
    expect(await running).toBe(EXIT.interrupted);
    expect(api.stops).toEqual(["/api/stop"]);
    expect(lab.calls).toEqual(["start 1", "stop"]);
    expect(signals.listenerCount("SIGINT")).toBe(0);
  });

  it("kills the lab at the second Ctrl-C", async () => {
    await using api = await startFakeCoordinator(dir);
    api.show(new FixtureJournal().submitted().lines);
    const lab = fakeLab(api.socketPath);
    const { context, signals, exits } = testContext(dir, lab.startLab);
    const running = runCli(["run", study], context);
    await until(() => api.submitted.length > 0);
    signals.emit("SIGINT");
    signals.emit("SIGINT");
    expect(exits).toEqual([EXIT.interrupted]);
    expect(lab.calls).toContain("kill");
    await running;
  });

  it("gives up a lab that is still coming up at Ctrl-C", async () => {
    const { context, signals } = testContext(
      dir,
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(new Error("killed while it came up")));
          setTimeout(() => signals.emit("SIGTERM"), 5);
        }),
    );
    expect(await runCli(["run", study], context)).toBe(EXIT.interrupted);
  });

  it("ends with 4 and names what is left after the lab's end", async () => {
    await using api = await startFakeCoordinator(dir);
    api.show(finishedJournal());
    const { context, err } = testContext(dir, fakeLab(api.socketPath, ["pid 77 (sshd)"]).startLab);
    expect(await runCli(["run", study], context)).toBe(EXIT.notSterile);
    expect(err.text()).toContain("NOT STERILE: after the lab's end there is still:\n  pid 77 (sshd)\n");
  });

  it("says so when the lab ends by itself", async () => {
    await using api = await startFakeCoordinator(dir);
    api.show(new FixtureJournal().submitted().lines);
    const lab = fakeLab(api.socketPath);
    const { context, err } = testContext(dir, lab.startLab);
    const running = runCli(["run", study], context);
    await until(() => api.submitted.length > 0);
    lab.die();
    expect(await running).toBe(EXIT.unexpected);
    expect(err.text()).toContain("error: the lab ended by itself: exit code 1");
  });

  it("leaves a coordinator that it did not start, and cancels its own study there", async () => {
    await using api = await startFakeCoordinator(dir);
    api.show(new FixtureJournal().submitted().lines);
    const { context, signals } = testContext(dir);
    const running = runCli(["run", study, "--socket", api.socketPath], context);
    await until(() => api.submitted.length > 0);
    await new Promise((next) => setTimeout(next, 30));
    signals.emit("SIGINT");
    expect(await running).toBe(EXIT.interrupted);
    expect(api.stops).toEqual(["/api/studies/fixture-ab12cd/cancel"]);
  });

  it("shows the coordinator's reasons for a refusal", async () => {
    await using api = await startFakeCoordinator(dir, ["no node has \u001b[31mspecimen tiny"]);
    const { context, err, out } = testContext(dir);
    expect(await runCli(["run", study, "--json", "--socket", api.socketPath], context)).toBe(EXIT.usage);
    expect(err.text()).toContain("the coordinator refuses the study:\n  no node has specimen tiny\n");
    expect(out.text()).toBe("");
  });

  it("starts nothing for a study with mistakes", async () => {
    await writeFile(study, "study: X\n");
    const lab = fakeLab("/nowhere");
    const { context, err } = testContext(dir, lab.startLab);
    expect(await runCli(["run", study], context)).toBe(EXIT.usage);
    expect(err.text()).toContain("fixture.yaml:1:8 study: expected lower-case letters");
    expect(lab.calls).toEqual([]);
  });

  it("ends with 5 where nobody answers", async () => {
    const { context, err } = testContext(dir);
    expect(await runCli(["run", study, "--socket", join(dir, "none.sock")], context)).toBe(EXIT.unreachable);
    expect(err.text()).toContain("cannot be reached");
    expect(err.text()).toContain("try: start one with `redline lab`");
  });
});
