import { describe, expect, it } from "vitest";
import { onlyRun } from "../runs-fixture.ts";
import { readSweAgent } from "./read-swe-agent.ts";

const STEPS = [
  {
    action: "ls -F\n",
    observation: "a b",
    response: "I look.",
    thought: "I look.",
    execution_time: 0.5,
    state: {},
  },
  {
    action: "",
    observation: "no action was found",
    response: "hm",
    thought: "hm",
    execution_time: 0,
    state: "{}",
  },
  {
    action: "submit",
    observation: "diff",
    response: "Done now.",
    thought: "Done now.",
    execution_time: 0.25,
    state: {},
  },
];
const INFO = { exit_status: "submitted", model_stats: { tokens_sent: 70, tokens_received: 30 } };
const HISTORY = [
  { role: "system", content: "rules" },
  { role: "user", content: "an example", is_demo: true },
  { role: "user", content: [{ type: "text", text: "Mend it." }] },
];
const CONFIG = JSON.stringify({ agent: { model: { name: "made-up" } } });

async function read(change: object = {}) {
  const all = { trajectory: STEPS, info: INFO, history: HISTORY, replay_config: CONFIG, ...change };
  const log = readSweAgent(all, "x.traj");
  return { log, trial: await onlyRun(log) };
}

describe("SWE-agent's trajectory", () => {
  it("becomes the agent's words and commands", async () => {
    const { log, trial } = await read();
    expect(log).toMatchObject({ format: "swe-agent", model: "made-up", names: ["run"] });
    expect(trial.events.map(({ event }) => event)).toEqual([
      { event: "task", text: "Mend it." },
      { event: "turn", turn: 1, text: "I look." },
      { event: "action", turn: 1, tool: "run_command", input: { command: "ls -F\n" } },
      { event: "result", turn: 1, tool: "run_command", exit: null, output: "a b" },
      { event: "turn", turn: 2, text: "hm" },
      { event: "result", turn: 2, tool: "run_command", exit: null, output: "no action was found" },
      { event: "turn", turn: 3, text: "Done now." },
      { event: "action", turn: 3, tool: "finish", input: { message: "" } },
      { event: "claim", turn: 3, text: "Done now." },
      { event: "result", turn: 3, tool: "finish", exit: null, output: "diff" },
    ]);
    expect(trial).toMatchObject({ end: "finished", cut: null, turns: 3, tokens: 100, runMs: 750 });
  });

  it.each([
    ["submitted (exit_cost)", "cost-limit"],
    ["exit_context", "context-limit"],
    ["exit_command_timeout", "time-limit"],
    ["exit_environment_error", null],
    ["", null],
  ])("makes of the exit status %j the end %j", async (exit_status, end) => {
    const { trial } = await read({ info: { exit_status } });
    expect(trial.end).toBe(end);
    expect(trial.cut === null).toBe(end !== null);
  });

  it("refuses what has no steps, and says what would help", async () => {
    await expect(read({ trajectory: [] })).rejects.toThrow("has no steps");
    await expect(read({ trajectory: undefined })).rejects.toThrow("trajectory: Invalid input");
    await expect(read({ trajectory: [{ observation: "" }] })).rejects.toThrow("trajectory.0.action");
  });
});
