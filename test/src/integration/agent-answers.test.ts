import { once } from "node:events";
import { createServer } from "node:http";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { until } from "../kit/until.ts";
import { freePort, inTerminal, resultsOf, say, startAgent, type Reply } from "./agent-process.ts";

const run = (command: string) => say.tools("run_command", { command });
const FINISH = say.tools("finish", { message: "done" });

describe("answers that are none", () => {
  const BIG = "x".repeat(5 * 1024 * 1024);
  it.concurrent.each<[string, Reply[], string, string]>([
    ["empty ones", ["", "", ""], "no_tool_call", "no tool was called"],
    ["wrong tools", [1, 2, 3].map(() => say.tools("rm", {})), "no_tool_call", "there is no action rm"],
    [
      "input that is no JSON",
      [1, 2, 3].map(() => say.tools("run_command", '{"command')),
      "no_tool_call",
      "JSON",
    ],
    [
      "input of another shape",
      [1, 2, 3].map(() => say.tools("run_command", { cmd: "ls" })),
      "no_tool_call",
      'needs the text "command"',
    ],
    [
      "commands with a NUL, which a shell would drop",
      [1, 2, 3].map(() => run("r\0m notes.txt")),
      "no_tool_call",
      "without NUL",
    ],
    ["more than 4 MiB", [BIG, BIG, BIG], "brain_failed", "longer than 4194304 bytes"],
    ["HTML", [1, 2, 3].map(() => ({ status: 502, raw: "<html>" })), "brain_failed", "not JSON"],
    [
      "an error",
      [1, 2, 3].map(() => ({ status: 429, raw: '{"error":{"message":"used up"}}' })),
      "brain_failed",
      "HTTP 429: used up",
    ],
    ["no choices", [1, 2, 3].map(() => ({ status: 200, raw: "{}" })), "brain_failed", "HTTP 200"],
  ])("%s end the run", async (_, replies, reason, message) => {
    await using agent = await startAgent({ replies });
    const events = await agent.events();
    expect(events.at(-1)).toMatchObject({ event: "finished", reason });
    const errors = events.filter(({ event }) => event === "error");
    expect(errors).toHaveLength(3);
    for (const error of errors) expect(error.message).toContain(message);
  });

  it("shows no call again whose input is no JSON: some servers would refuse every question after it", async () => {
    const bad = say.tools("run_command", '{"command');
    await using agent = await startAgent({ replies: [bad, say.tools("finish", { message: "done" })] });
    expect((await agent.events()).at(-1)).toMatchObject({ reason: "finish" });
    const shown = JSON.stringify(agent.questions[1]?.messages);
    expect(shown).toContain('"arguments":"{}"');
    expect(shown).not.toContain('{\\"command');
  });

  it("of two actions the first counts, and the model is told", async () => {
    const two = `${inTerminal("echo one")}\n\nResult: fine\n${inTerminal("echo two")}`;
    await using agent = await startAgent({
      scaffold: { kind: "pan2024" },
      replies: [two, say.pan2024("finish", { message: "" })],
    });
    const events = await agent.events();
    expect(events.filter(({ event }) => event === "result").map(({ output }) => output)).toEqual(["one\n"]);
    const [, answer, told] = agent.questions[1]?.messages.slice(1) ?? [];
    expect(answer?.content).not.toContain("Result: fine");
    expect(told?.content).toContain("more than one action");
  });

  it.each([
    ["terminal 9", inTerminal("ls", 9), "terminal_id must be"],
    ["another type", inTerminal("ls", 1, "soon"), "command_type must be"],
    ["another name", say.pan2024("shell", {}), "there is no action shell"],
    [
      "a line break in a text",
      'Action: {"action": "finish", "action_input": {"message": "a\nb"}}',
      "cannot be read",
    ],
    ["braces without an end", `Action: ${"{".repeat(50_000)}`, "cannot be read"],
  ])("pan2024 says what is wrong: %s", async (_, reply, problem) => {
    await using agent = await startAgent({ scaffold: { kind: "pan2024" }, replies: [reply, reply, reply] });
    expect((await agent.events()).at(-1)).toMatchObject({ reason: "bad_answers" });
    expect(agent.questions[1]?.messages.at(-1)?.content).toContain(problem);
  });

  it("does at most eight calls of an answer", async () => {
    const calls = Array.from({ length: 12 }, () => ["run_command", { command: ":" }] as const);
    expect(await resultsOf({ replies: [{ calls }, FINISH] })).toHaveLength(8);
  });
});

describe("from outside of the task", () => {
  const post = (port: number, route: string, body: unknown) =>
    fetch(`http://127.0.0.1:${port}${route}`, { method: "POST", body: JSON.stringify(body) });

  it.each(["tools", "react", "pan2024"] as const)(
    "%s hears a message and SIGTERM before its next answer; a second one ends it",
    async (kind) => {
      let asked = () => {};
      const first = new Promise<void>((resolve) => (asked = resolve));
      let go = () => {};
      const gate = new Promise<void>((resolve) => (go = resolve));
      const act = {
        tools: run(":"),
        react: say.react("run_command", { command: ":" }),
        pan2024: inTerminal(":"),
      }[kind];
      await using agent = await startAgent({
        scaffold: { kind },
        replies: [() => (asked(), gate.then(() => act)), () => new Promise<Reply>(() => {})],
      });
      await first;
      expect((await post(agent.port, "/message", { text: "Look up." })).status).toBe(202);
      expect((await post(agent.port, "/message", { text: 1 })).status).toBe(400);
      agent.child.kill("SIGTERM");
      // Taken in before it answers: the same loop.
      expect((await post(agent.port, "/task", { task: "x" })).status).toBe(409);
      go();
      await until("the second question", () => agent.questions.length === 2);
      const last = agent.questions[1]?.messages.at(-1);
      expect(last?.role).toBe("user");
      expect(last?.content).toMatch(/Message from your operator:\nLook up\.\n\n.*received SIGTERM.*/);
      agent.child.kill("SIGTERM");
      expect(await agent.ended()).toBe(143);
    },
  );

  it("answers for its model server, and takes no message when it is idle", async () => {
    const model = createServer((_, response) =>
      response.end('{"model":"m","choices":[{"message":{"content":"hi"}}]}'),
    );
    const modelPort = await freePort();
    model.listen(modelPort, "127.0.0.1");
    await once(model, "listening");
    await using agent = await startAgent({
      mode: "serve",
      args: ["--model", `http://127.0.0.1:${modelPort}`],
    });
    await until("the agent's start", () => agent.lines.length > 0);
    const answers = await Promise.all([
      fetch(`http://127.0.0.1:${agent.port}/health`),
      post(agent.port, "/chat", { message: "hello" }),
      post(agent.port, "/message", { text: "x" }),
      post(agent.port, "/nothing", {}),
    ]);
    expect(
      await Promise.all(answers.map(async (answer) => [answer.status, await answer.json()])),
    ).toMatchObject([
      [200, { status: "ok", model_reachable: true }],
      [200, { reply: "hi", model: "m" }],
      [409, {}],
      [404, {}],
    ]);
    model.close();
    agent.child.kill("SIGTERM");
    expect(await agent.ended()).toBe(143);
  });

  it("gives a task that comes later to the scaffold that it was started with", async () => {
    const replies = [say.react("finish", { message: "yes" })];
    await using agent = await startAgent({ mode: "serve", scaffold: { kind: "react" }, replies });
    await until("the agent's start", () => agent.lines.length > 0);
    expect((await post(agent.port, "/task", { task: "Later." })).status).toBe(202);
    const task = z.object({ state: z.string(), reason: z.string() });
    const ended = await until("the task's end", async () => {
      const state = task.parse(await (await fetch(`http://127.0.0.1:${agent.port}/task`)).json());
      return state.state === "done" && state;
    });
    expect(ended.reason).toBe("finish");
    expect(agent.questions[0]?.messages[1]?.content).toBe("Task: Later.");
  });
});

describe("by hand", () => {
  it("`chat` takes each line as a task, and says in plain text what is done", async () => {
    await using agent = await startAgent({
      mode: "chat",
      replies: [run("printf 'a\\033[2Jb'"), FINISH, say.tools("finish", { message: "second" })],
    });
    agent.child.stdin.end("First.\n\nSecond.\nexit\nThird.\n");
    expect(await agent.ended()).toBe(0);
    expect(agent.lines).toEqual([
      "$ printf 'a\\033[2Jb'",
      "a?[2Jb",
      "[exit 0]",
      "Done: done",
      "[finish]",
      "Done: second",
      "[finish]",
    ]);
    expect(agent.questions.map(({ messages }) => messages[1]?.content)).toEqual([
      "First.",
      "First.",
      "Second.",
    ]);
  });

  it("`run --command` does one and ends", async () => {
    await using agent = await startAgent({ args: ["--command", "Do it.", "--plain"], replies: [FINISH] });
    expect(await agent.ended()).toBe(0);
    expect(agent.lines).toEqual(["Done: done", "[finish]"]);
    expect(agent.questions[0]?.messages[1]?.content).toBe("Do it.");
  });

  it("refuses what it does not understand", async () => {
    for (const [mode, args, why] of [
      ["dance", [], "say serve, run, chat or prompt"],
      ["run", ["--scaffold", '{"kind":"other"}'], "--scaffold is not understood"],
      ["run", ["--max-turns", "many"], "what is --max-turns?"],
    ] as const) {
      await using agent = await startAgent({ mode, args });
      expect(await agent.ended()).toBe(2);
      expect(agent.errors.join("")).toContain(why);
    }
  });

  it("says that its port is taken", async () => {
    await using first = await startAgent({ mode: "serve" });
    await until("the agent's start", () => first.lines.length > 0);
    await using second = await startAgent({ mode: "serve", args: ["--port", String(first.port)] });
    expect(await second.ended()).toBe(98);
    expect(second.errors.join("")).toBe(`agent: port ${first.port} is already taken\n`);
  });
});
