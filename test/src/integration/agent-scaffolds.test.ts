import { describe, expect, it } from "vitest";
import { inTerminal, promptOf, receive, resultsOf, say, startAgent, type Question } from "./agent-process.ts";

const textOf = ({ messages }: Question) => messages.map(({ content }) => content).join("\n");
const FINISH = {
  tools: say.tools("finish", { message: "42" }),
  react: say.react("finish", { message: "42" }),
  pan2024: say.pan2024("finish", { message: "42" }),
};
const RUN = {
  tools: (command: string) => say.tools("run_command", { command }),
  react: (command: string) => say.react("run_command", { command }),
  pan2024: (command: string) => inTerminal(command),
};
const KINDS = ["tools", "react", "pan2024"] as const;

describe.each(KINDS)("the agent with the scaffold %s", (kind) => {
  it("asks, acts, tells what came of it, and finishes; over one connection", async () => {
    const replies = [
      RUN[kind]("x=7; cd /tmp; echo a$((40 + 2))"),
      RUN[kind]("echo $x in $PWD; false"),
      FINISH[kind],
    ];
    await using agent = await startAgent({ scaffold: { kind }, replies });
    const events = await agent.events();
    expect(events.map(({ event, tool, exit }) => [event, tool ?? exit].join(" ").trim())).toEqual([
      ...["started", "turn", "action run_command", "result run_command", "turn", "action run_command"],
      ...["result run_command", "turn", "action finish", "claim", "finished"],
    ]);
    expect(events.at(-1)).toMatchObject({ reason: "finish", turns: 3 });
    expect(events.filter(({ event }) => event === "result")).toMatchObject([
      { exit: 0, output: "a42\n" },
      { exit: 1, output: "7 in /tmp\n" },
    ]);
    const [first, second, third] = agent.questions;
    expect(first?.messages.map(({ role }) => role)).toEqual(["system", "user"]);
    expect(first?.messages[1]?.content).toContain("Count the stars.");
    expect(second?.messages.at(-1)?.content).toContain("a42");
    expect(third?.messages.at(-1)?.content).toContain("7 in /tmp");
    expect(third?.messages.map(({ role }) => role).join(" ")).toBe(
      kind === "tools"
        ? "system user assistant tool assistant tool"
        : "system user assistant user assistant user",
    );
    expect(agent.connections.size).toBe(1);
  });

  it("shows as many turns again as `history` says, and always the task", async () => {
    const replies = [...[1, 2, 3, 4].map((n) => RUN[kind](`echo out-${n}-put`)), FINISH[kind]];
    await using agent = await startAgent({ scaffold: { kind, history: 2 }, replies });
    await agent.events();
    const last = agent.questions.at(-1);
    expect(last?.messages.filter(({ role }) => role === "assistant")).toHaveLength(2);
    const text = last === undefined ? "" : textOf(last);
    expect(text).toContain("Count the stars.");
    expect(text).toMatch(/(?<!echo )out-4-put/);
    expect(text).not.toMatch(/out-1-put/);
    // Every result that is shown belongs to a call that is shown.
    const calls = last?.messages.flatMap((message) => message.tool_calls ?? []).length;
    expect(last?.messages.filter(({ role }) => role === "tool")).toHaveLength(calls ?? -1);
  });

  it("ends after three answers in a row without an action, and says what was wrong with each", async () => {
    const wrong = [FINISH[kind], "No.", "", "我不知道"].slice(1);
    await using agent = await startAgent({ scaffold: { kind }, replies: [RUN[kind](":"), ...wrong] });
    const events = await agent.events();
    expect(events.at(-1)).toMatchObject({
      reason: kind === "tools" ? "no_tool_call" : "bad_answers",
      turns: 4,
    });
    expect(events.filter(({ event }) => event === "error")).toHaveLength(3);
    const problem = { tools: "no tool was called", react: 'with "tool"', pan2024: 'with "action"' }[kind];
    expect(agent.questions[2]?.messages.at(-1)?.content).toContain(problem);
  });

  it("goes on after an answer without an action", async () => {
    await using agent = await startAgent({
      scaffold: { kind },
      replies: ["a", "b", RUN[kind](":"), "c", "d", FINISH[kind]],
    });
    expect((await agent.events()).at(-1)).toMatchObject({ reason: "finish", turns: 6 });
  });

  it("stops at its turns", async () => {
    await using agent = await startAgent({
      ...{ scaffold: { kind }, args: ["--max-turns", "2"] },
      replies: [RUN[kind](":"), RUN[kind](":")],
    });
    expect((await agent.events()).at(-1)).toMatchObject({ reason: "max_turns", turns: 2 });
  });

  it("tells where its parts listen, and that it is not to give up, as its options say", async () => {
    const [usual, silent, told] = await Promise.all([
      promptOf({ kind }),
      promptOf({ kind }, ["--no-ports"]),
      promptOf({ kind, persistence: true }),
    ]);
    expect(textOf(usual)).toMatch(
      /model server is http:\/\/127\.0\.0\.1:8760, your agent listens on port \d+/,
    );
    expect(textOf(silent)).not.toMatch(/8760|listens/);
    expect(textOf(usual)).not.toContain("give up");
    expect(told.messages.at(-1)?.content).toContain("do not give up before the task is done");
    expect(usual.tools?.map((tool) => tool.function.name)).toEqual(
      kind === "tools" ? ["run_command", "read_background", "finish"] : undefined,
    );
  });
});

it("the line of persistence stands in each turn", async () => {
  for (const kind of KINDS) {
    await using agent = await startAgent({
      scaffold: { kind, persistence: true },
      replies: [RUN[kind](":"), FINISH[kind]],
    });
    await agent.events();
    expect(agent.questions[1]?.messages.at(-1)?.content).toContain("do not give up");
  }
});

it("each part of pan2024's template is there or not as its option says", async () => {
  const system = async (options: object) =>
    (await promptOf({ kind: "pan2024", ...options })).messages[0]?.content ?? "";
  const parts = (text: string) =>
    [...text.matchAll(/^(Explanation|Gaps|Findings|Plan|Action): .*$/gm)].map(([, part]) => part);
  const [usual, bare, one, five] = await Promise.all([
    system({}),
    system({ gaps: false, findings: false, planDepth: 0 }),
    system({ gaps: false, planDepth: 1 }),
    system({ findings: false, planDepth: 5 }),
  ]);
  expect(parts(usual)).toEqual(["Explanation", "Gaps", "Findings", "Plan", "Action"]);
  expect(usual).toContain("three steps");
  expect(parts(bare)).toEqual(["Explanation", "Action"]);
  expect(parts(one)).toEqual(["Explanation", "Findings", "Plan", "Action"]);
  expect(one).toMatch(/^Plan: the next step$/m);
  expect(parts(five)).toEqual(["Explanation", "Gaps", "Plan", "Action"]);
  expect(five).toContain("five steps");
  for (const text of [usual, bare, one, five]) expect(text).not.toContain("{{");
});

it("pan2024 repeats task, last action, its result and the states of five terminals", async () => {
  const replies = [
    inTerminal("while [ ! -e ~/go ]; do sleep 0.05; done; echo late", 2, "long_running"),
    inTerminal("echo out; echo err >&2; exit 3", 1),
  ];
  const more = [
    inTerminal("touch ~/go", 2),
    inTerminal("touch ~/go; sleep 0.5", 3),
    receive(2),
    receive(5),
    FINISH.pan2024,
  ];
  await using agent = await startAgent({ scaffold: { kind: "pan2024" }, replies: [...replies, ...more] });
  const events = await agent.events();
  const said = agent.questions.map(({ messages }) => messages.at(-1)?.content ?? "");
  for (const turn of said) expect(turn).toMatch(/^Task:\nCount the stars\.\n/);
  expect(said[0]).toContain("1: Idle\n2: Idle\n3: Idle\n4: Idle\n5: Idle");
  expect(said[1]).toContain("1: Idle\n2: Busy\n3: Idle");
  expect(said[1]).toContain('"command_type":"long_running"');
  expect(said[2]).toMatch(/status: 3\nstdout:\nout\n[^]*this shell has ended[^]*stderr:\nerr\n/);
  expect(said[3]).toContain("terminal 2 is busy");
  expect(said[5]).toMatch(/status: 0\nstdout:\nlate\n/);
  expect(
    events.filter(({ event }) => event === "action").map(({ tool, input }) => [tool, input]),
  ).toMatchObject([
    ["run_command", { background: true }],
    ["run_command", {}],
    ["run_command", {}],
    ["run_command", {}],
    ["read_background", { id: "2" }],
    ["read_background", { id: "5" }],
    ["finish", {}],
  ]);
});

it("tools and react run a command in the background, in the folder where the shell is", async () => {
  for (const kind of ["tools", "react"] as const) {
    const start = say[kind]("run_command", { command: "pwd; read line; echo got-$line", background: true });
    const results = await resultsOf({
      scaffold: { kind },
      replies: [
        RUN[kind]("cd /tmp"),
        start,
        RUN[kind]("sleep 0.3"),
        say[kind]("read_background", { id: "bg-2" }),
        say[kind]("read_background", { id: "x" }),
        FINISH[kind],
      ],
    });
    expect(results.slice(1)).toMatchObject([
      { exit: "running", output: "started in the background, id bg-2" },
      { exit: 0 },
      { exit: 0, output: "/tmp\ngot-\n" },
      { exit: "refused" },
    ]);
  }
});

describe("single", () => {
  const answer = (value: object) => [JSON.stringify(value)];
  it.each([
    [
      "runs one command",
      answer({ outcome: "shell", command: "echo $((6 * 7)); exit 3" }),
      "answered",
      "result",
    ],
    ["answers in words", answer({ outcome: "respond", message: "42" }), "answered", "claim"],
    ["says that it cannot", answer({ outcome: "error", message: "no" }), "answered", "error"],
    ["is not asked again", ["no JSON"], "bad_answers", "error"],
    ["knows three outcomes", answer({ outcome: "shel", command: "echo" }), "bad_answers", "error"],
  ])("%s", async (_, replies, reason, event) => {
    await using agent = await startAgent({ scaffold: { kind: "single" }, replies });
    const events = await agent.events();
    expect(events.at(-1)).toMatchObject({ event: "finished", reason, turns: 1 });
    expect(events.at(-2)?.event).toBe(event);
    if (event === "result") expect(events.at(-2)).toMatchObject({ exit: 3 });
    expect(agent.questions).toHaveLength(1);
    expect(agent.questions[0]?.tools).toBeUndefined();
  });
});
