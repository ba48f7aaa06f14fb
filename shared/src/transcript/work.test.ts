import { describe, expect, it } from "vitest";
import { actionKindsOf, spreadOf } from "./action-kinds.ts";
import { classOfCommand } from "./command-class.ts";
import { mixOf } from "./command-mix.ts";
import { environmentOf } from "./environment-tokens.ts";
import { loopsOf } from "./loops.ts";
import { obstaclesOf } from "./obstacles.ts";
import { parseShell } from "./parse-shell.ts";
import { readTalk } from "./read-talk.ts";
import { FixtureAttempt, type FixtureStep } from "./transcript-fixture.ts";

const talkOf = (...steps: FixtureStep[]) => readTalk(new FixtureAttempt().steps(...steps).view);

describe("classes of commands", () => {
  it.each([
    ["ls -la", "exploring"],
    ["ps aux", "exploring"],
    ["curl -s http://127.0.0.1:8760/health", "exploring"],
    ["pip list", "exploring"],
    ["python3 --version", "exploring"],
    ["cp -r a b", "changing"],
    ["pip install torch", "changing"],
    ["python3 -m pip install x", "changing"],
    ["sed -i s/a/b/ f", "changing"],
    ["echo x > f", "changing"],
    ["curl -o f http://h/f", "changing"],
    ["kill 7", "changing"],
    ["export A=1", "changing"],
    ["kill -0 7", "exploring"],
    ["python3 start.py > log 2>&1 &", "executing"],
    ["nohup node start-model.mjs --port 8761", "executing"],
    ["./run.sh", "executing"],
    ["uvicorn app:app", "executing"],
    ["echo x", "utilities"],
    ["cd /a", "utilities"],
    ["sleep 3", "utilities"],
    ["sed s/a/b/ f", "utilities"],
  ])("%j is %s", (text, is) => {
    expect(parseShell(text).commands.map((c) => classOfCommand(c).is)).toEqual([is]);
  });

  it("counts each part of a text, and says what it does not know", () => {
    const mix = mixOf(
      talkOf({ run: "ls | wc -l; frobnicate x && ssh target 'mkdir a; node b.js'" }, { run: "echo 'open" }),
    );
    expect(mix).toMatchObject({
      counts: { exploring: 2, changing: 1, executing: 2, utilities: 1 },
      ...{ total: 6, unknown: 1, actions: 2, open: { count: 1, first: [{ turn: 2 }] } },
    });
  });
});

describe("actions", () => {
  it("tells the kinds of the first paper", () => {
    const talk = talkOf(
      { run: "ls" },
      { run: "node a", background: true },
      { look: "bg-1" },
      { look: "bg-1" },
      { finish: "x" },
    );
    expect(actionKindsOf(talk)).toEqual({ immediate: 1, background: 1, receive: 2 });
  });

  it("gives median, mean and most", () => {
    expect(spreadOf([1, 2, 6])).toEqual({ of: 3, median: 2, mean: 3, max: 6 });
    expect(spreadOf([])).toEqual({ of: 0, median: null, mean: null, max: null });
  });
});

describe("what the environment gave back", () => {
  const output = "x".repeat(400);

  it("is taken from usage where each question grew by it, else from characters", () => {
    const attempt = new FixtureAttempt()
      .exchange(1, 100, 20)
      .exchange(2, 250, 20)
      .exchange(3, 260, 20)
      .steps({ run: "a", output }, { run: "b", output }, { run: "c", output });
    const { steps, total, estimated } = environmentOf(readTalk(attempt.view));
    // 250 - 100 - 20; then a question that forgot more than it gained; then none behind it.
    expect(steps.map((s) => [s.turn, s.tokens, s.by, s.sum])).toEqual([
      [1, 130, "usage", 130],
      [2, 100, "characters", 230],
      [3, 100, "characters", 330],
    ]);
    expect({ total, estimated }).toEqual({ total: 330, estimated: 2 });
  });

  it("is nothing where nothing came back", () => {
    expect(environmentOf(talkOf({ say: "hello" }))).toEqual({ steps: [], total: 0, estimated: 0 });
  });
});

describe("obstacles", () => {
  it.each([
    ["ss -ltn", 127, "bash: ss: command not found", "O1"],
    ["vim a", "timed out after 120 s", "", "O1"],
    ["python3 start.py", 1, "ModuleNotFoundError: No module named 'torch'", "O2"],
    ["node start-model.mjs", 98, "port 8760 is already taken", "O2"],
    ["cp -r w d", 1, "cp: error writing 'd': No space left on device", "O2"],
    ["cat /root/x", 1, "cat: /root/x: Permission denied", "O2"],
    ["tar -Q x", 2, "tar: invalid option -- 'Q'", "O3"],
    ['python3 -c "for"', 1, '  File "<string>", line 1\nSyntaxError: invalid syntax', "O3"],
    ["cp a", 1, "cp: missing destination file operand after 'a'", "O3"],
    ["./x", 3, "it broke", "other"],
  ])("%j, exit %s, is of its class", (run, exit, output, is) => {
    expect(obstaclesOf(talkOf({ run, exit, output }))).toMatchObject([{ is, turn: 1, resolvedIn: null }]);
  });

  it.each([
    ["grep x f", 1, ""],
    ["pgrep node", 1, ""],
    ["ls", 0, "a file named error"],
    ["[ -e x ]", 1, ""],
  ])("%j, exit %s, is none", (run, exit, output) => {
    expect(obstaclesOf(talkOf({ run, exit, output }))).toEqual([]);
  });

  it("are resolved by what does the same later, and by nothing else", () => {
    const met = obstaclesOf(
      talkOf(
        { run: "ss -ltn", exit: 127, output: "bash: ss: command not found" },
        { run: "python3 a.py", exit: 1, output: "ModuleNotFoundError: No module named 'x'" },
        { run: "node -e 1" },
        { run: "lsof -i", output: "node" },
        { run: "tar -Q", exit: 2, output: "tar: invalid option" },
      ),
    );
    expect(met.map((o) => [o.is, o.subject, o.resolvedIn])).toEqual([
      ["O1", "look at ports", 4],
      ["O2", "run python", null],
      ["O3", "copy", null],
    ]);
  });
});

describe("loops", () => {
  const a = { run: "curl x", exit: 7, output: "refused" };
  const b = { run: "node y", exit: 1, output: "taken" };

  it("tells repeats and cycles once, by their shortest round", () => {
    expect(loopsOf(talkOf(a, a, a, a))).toMatchObject([
      { is: "repeat", period: 1, rounds: 4, turn: 1, until: 4 },
    ]);
    expect(loopsOf(talkOf(b, a, b, a, b, a, { run: "z" }))).toMatchObject([
      { is: "cycle", period: 2, rounds: 3, turn: 1, until: 6 },
    ]);
  });

  it("finds none where the results differ or there are two rounds", () => {
    expect(loopsOf(talkOf(a, { ...a, output: "ready" }, a, { ...a, output: "other" }))).toEqual([]);
    expect(loopsOf(talkOf(a, b, a, b))).toEqual([]);
    expect(loopsOf(talkOf())).toEqual([]);
  });
});
