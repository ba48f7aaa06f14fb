import { describe, expect, it } from "vitest";
import type { ForeignTrial } from "../foreign-log.ts";
import { onlyRun } from "../runs-fixture.ts";
import { logicalLines } from "./logical-lines.ts";
import { FINISH, plainLog, printed, ROUNDS } from "./printed-log-fixture.ts";
import { pythonTexts } from "./python-texts.ts";
import { readPaperLog } from "./read-paper-log.ts";

const runOf = (text: string) => onlyRun(readPaperLog(text, "log.txt"));
const eventsOf = (trial: ForeignTrial, kind: string) =>
  trial.events.map(({ event }) => event).filter((event) => event["event"] === kind);
const LOG = plainLog("Count the files.", [...ROUNDS, FINISH]);

describe("paper log", () => {
  it.each([
    ["as it was written", LOG.join("\n")],
    ["from print, numbered, broken and paged", printed(LOG)],
    ["with Windows line ends", LOG.join("\r\n")],
  ])("gives the run of a whole log %s", async (_name, text) => {
    const trial = await runOf(text);
    expect(eventsOf(trial, "task")).toEqual([{ event: "task", text: "Count the files." }]);
    expect(eventsOf(trial, "action")).toMatchObject([
      {
        turn: 1,
        tool: "run_command",
        input: { command: "ls /srv/made-up", background: false, terminal: "1" },
      },
      { turn: 2, tool: "run_command", input: { command: "node server.mjs --port 9000", background: true } },
      { turn: 3, tool: "read_background", input: { terminal: "2" } },
      { turn: 4, tool: "finish", input: { message: "The server answers." } },
    ]);
    expect(eventsOf(trial, "result").map((event) => event["output"])).toEqual([
      "notes\nit's here\n[status] Executed.",
      "[status] It's running.",
      "listening\n[stderr] a warning\n[status] ok",
    ]);
    expect(eventsOf(trial, "claim")).toEqual([{ event: "claim", turn: 4, text: "The server answers." }]);
    expect(trial).toMatchObject({ turns: 4, end: "finished", cut: null, runMs: 180_000 });
    expect(String(eventsOf(trial, "turn")[0]?.["text"])).toContain(ROUNDS[0]?.said);
  });

  it("takes a log that stops before a result for one whose end is not known", async () => {
    const trial = await runOf(
      printed(
        plainLog(
          "Count.",
          ROUNDS.map((r, i) => (i === 2 ? { ...r, result: null } : r)),
        ),
      ),
    );
    expect(trial).toMatchObject({ turns: 3, end: null });
    expect(trial.cut).toContain("before the result of its last action");
    expect(eventsOf(trial, "result")).toHaveLength(2);
  });

  it("keeps what is there of an observation in whose middle the log stops", async () => {
    const text = LOG.slice(0, -13).join("\n");
    const inside = text.slice(0, text.indexOf("a warning") + 4);
    const trial = await runOf(inside);
    expect(trial.cut).toContain("inside an observation");
    expect(eventsOf(trial, "result").at(-1)?.["output"]).toBe("listening\n[stderr] a wa\n[status] ok");
  });

  it("falls back to what the scaffold called where the answer's JSON cannot be read", async () => {
    const lines = LOG.map((line) => (line.includes('"ls /srv') ? `    "command": "ls "quoted"",` : line));
    const called = lines.map((line, i) =>
      i < 22 && line.includes("Invoking tool")
        ? line.replace("{}", "{'terminal_id': '1', 'command': 'ls \"quoted\"', 'command_type': 'one_time'}")
        : line,
    );
    expect(eventsOf(await runOf(called.join("\n")), "action")[0]).toMatchObject({
      tool: "run_command",
      input: { command: 'ls "quoted"', background: false },
    });
  });

  it("keeps an answer without an action as words alone", async () => {
    const text =
      "2031-03-04 09:00:00 - Chatbot - INFO - Round 1:\n2031-03-04 09:00:01 - Chatbot - INFO - response:no";
    const trial = await runOf(text);
    expect(trial.turns).toBe(1);
    expect(eventsOf(trial, "action")).toEqual([]);
  });

  it("refuses a text without an answer", () => {
    expect(() => readPaperLog("Round 1: nothing", "x.txt")).toThrow("no round with an answer");
  });
});

describe("logical lines", () => {
  it("puts back the spaces that a margin swallowed, and none into paths", () => {
    const text = ["  1  2031 -03 -04 one two", "           three /a/b/", "           c,d", "  2  next"].join(
      "\n",
    );
    expect(logicalLines(text).map((line) => line.text)).toEqual([
      "2031 -03 -04 one two three /a/b/c,d",
      "next",
    ]);
  });

  it("takes a number at a line's begin that is not the next one for text", () => {
    const text = ["1    2031 -03 -04 a", "     404 not found", "2    b"].join("\n");
    expect(logicalLines(text).map((line) => line.text)).toEqual(["2031 -03 -04 a 404 not found", "b"]);
  });
});

describe("a log that is all one line of print", () => {
  it("is read, however many parts the margin made of it", async () => {
    const entry = "2031 -03 -04 09:00:00 - Chatbot - INFO - response: no";
    const parts = Array.from({ length: 200_000 }, () => "           word");
    const text = ["  1  Round 1: 2031 -", `  2  ${entry}`, ...parts, `  3  ${entry}`].join("\n");
    expect((await runOf(text)).turns).toBe(2);
    const [line] = logicalLines([`  1  2031 -03 -04 a`, ...parts].join("\n"));
    expect(line?.text.length).toBe("2031 -03 -04 a".length + 200_000 * " word".length);
  });
});

describe("python texts", () => {
  it.each([
    [`{'a ': 'x', "b": "it's"}`, { a: "x", b: "it's" }, false],
    [String.raw`{'a': 'l1\ nl2\'q\\', 'n': 12, 'x': None}`, { a: "l1\nl2'q\\", n: "12", x: "None" }, false],
    ["{'a': 'cut", { a: "cut" }, true],
    ["no dictionary", {}, true],
  ])("reads %s", (source, texts, cut) => {
    const found = pythonTexts(source);
    expect({ texts: Object.fromEntries(found.texts), cut: found.cut }).toEqual({ texts, cut });
  });

  it("takes linear time for what is made to be slow", () => {
    const started = performance.now();
    pythonTexts(`{${"'a': ".repeat(200_000)}`);
    pythonTexts(`{'k': '${"\\".repeat(400_000)}`);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
