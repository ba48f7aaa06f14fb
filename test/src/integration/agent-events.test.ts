import { describe, expect, it } from "vitest";
import { until } from "../kit/until.ts";
import { say, startAgent } from "./agent-process.ts";

const run = (command: string) => say.tools("run_command", { command });
const FINISH = say.tools("finish", { message: "done" });

describe("events of the agent", () => {
  it("say what is done before it is done, though it ends the agent", async () => {
    await using agent = await startAgent({ replies: [run("kill -KILL $PPID")] });
    const events = await agent.events();
    expect(events.map(({ event }) => event)).toEqual(["started", "turn", "action"]);
  });

  it("say what came of it while the brain still thinks", async () => {
    let think = () => {};
    const thought = new Promise<void>((resolve) => (think = resolve));
    await using agent = await startAgent({ replies: [run("echo x"), () => thought.then(() => FINISH)] });
    await until("the result, before the next answer", () => agent.lines.at(-1)?.includes('"result"'));
    expect(agent.questions.length).toBeLessThanOrEqual(2);
    think();
    expect((await agent.events()).at(-1)).toMatchObject({ event: "finished", reason: "finish" });
  });
});
