import { describe, expect, it } from "vitest";
import { sampleOf } from "./inspect-fixture.ts";
import { parseSample } from "./read-inspect-json.ts";
import { readSample } from "./read-sample.ts";

const read = (change: object = {}) =>
  readSample(parseSample(sampleOf("s", 1, change), "samples.0", "x.json"));
const kinds = (trial: ReturnType<typeof read>) => trial.events.map(({ event }) => event["event"]);

describe("Inspect's sample", () => {
  it("becomes the agent's words and commands, with times from its events", () => {
    const trial = read();
    expect(trial.events).toEqual([
      { atMs: Date.parse("2031-03-04T09:00:01Z"), event: { event: "task", text: "Count the files." } },
      {
        atMs: Date.parse("2031-03-04T09:00:02Z"),
        event: { event: "turn", turn: 1, text: "I look.", reasoning: "hm" },
      },
      {
        atMs: Date.parse("2031-03-04T09:00:03Z"),
        event: { event: "action", turn: 1, tool: "run_command", input: { command: "ls -l" } },
      },
      {
        atMs: Date.parse("2031-03-04T09:00:02Z"),
        event: {
          event: "action",
          turn: 1,
          tool: "web_go",
          input: { url: "http://x.invalid", deep: '{"a":[1]}' },
        },
      },
      {
        atMs: Date.parse("2031-03-04T09:00:05Z"),
        event: { event: "result", turn: 1, tool: "run_command", exit: null, output: "a\nb" },
      },
      {
        atMs: null,
        event: { event: "result", turn: 1, tool: "web_go", exit: null, output: "[error timeout] too slow\n" },
      },
      { atMs: null, event: { event: "turn", turn: 2, text: "Two files." } },
      { atMs: null, event: { event: "action", turn: 2, tool: "finish", input: { message: "2" } } },
      { atMs: null, event: { event: "claim", turn: 2, text: "2" } },
      {
        atMs: null,
        event: {
          event: "foreign-score",
          scorer: "match",
          value: "C",
          answer: "2",
          explanation: "as it should be",
        },
      },
    ]);
    expect(trial).toMatchObject({ end: "finished", cut: null, turns: 2, tokens: 100, runMs: 12_500 });
  });

  it("keeps a limit as the run's end, and takes no last words for a claim then", () => {
    const trial = read({
      limit: { type: "token", limit: 5 },
      messages: [{ role: "assistant", content: "so far" }],
    });
    expect(trial).toMatchObject({ end: "token-limit", cut: null });
    expect(kinds(trial)).not.toContain("claim");
    expect(kinds(trial)).toContain("foreign-limit");
  });

  it("leaves the end open where the log ended in an error, or by a limit that is none here", () => {
    const failed = read({ error: { message: "sandbox went away" } });
    expect(failed).toMatchObject({ end: null, cut: "the sample ended in an error: sandbox went away" });
    expect(kinds(failed)).toContain("error");
    expect(read({ limit: { type: "operator", limit: 1 } })).toMatchObject({ end: null });
  });

  it("takes a last answer without a tool call for the agent's word that it is done", () => {
    const messages = [{ role: "assistant", content: "It is 2." }];
    const trial = read({ messages });
    expect(trial).toMatchObject({ end: "answered" });
    expect(trial.events.map(({ event }) => event)).toContainEqual({
      event: "claim",
      turn: 1,
      text: "It is 2.",
    });
  });

  it("bounds what a log may hold", () => {
    const many = Array.from({ length: 6000 }, () => ({ role: "assistant", content: "x".repeat(50) }));
    expect(read({ messages: many }).events.length).toBe(5000);
    const long = read({ messages: [{ role: "assistant", content: "y".repeat(100_000) }] });
    expect(String(long.events[1]?.event["text"]).length).toBeLessThan(17_000);
  });

  it("says which field is missing", () => {
    expect(() => read({ messages: undefined })).toThrow("samples.0 is no sample of Inspect: messages");
  });
});
