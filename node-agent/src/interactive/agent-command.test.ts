import { execFileSync } from "node:child_process";
import { conditionSchema, limitsSchema, scaffoldSchema } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { agentCommand } from "./agent-command.ts";

const specimen = { agent: "agent.mjs", ports: { model: 8760, agent: 8001 } };
const order = (more: { ports?: boolean } = {}) => ({
  scaffold: scaffoldSchema.parse({ kind: "pan2024", gaps: false }),
  condition: conditionSchema.parse(more),
  limits: limitsSchema.parse({ turns: 7 }),
});

/** The words that the program would get, as a real shell splits them. */
function wordsOf(command: string): string[] {
  const script = command.replace(/^cd \S+ && exec node /, "printf '%s\\0' ");
  return execFileSync("bash", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1);
}

describe("the agent's command line", () => {
  it("carries any text as one word", () => {
    const command = `say 'it'; $(touch /nowhere) \`id\` "x"\nand more`;
    const words = wordsOf(agentCommand({ do: "run", command, plain: true }, specimen, order()));
    expect(words.slice(0, 2)).toEqual(["agent.mjs", "run"]);
    expect(words[words.indexOf("--command") + 1]).toBe(command);
    expect(words).toContain("--plain");
    expect(JSON.parse(words[words.indexOf("--scaffold") + 1] ?? "")).toEqual(order().scaffold);
    expect(words[words.indexOf("--max-turns") + 1]).toBe("7");
  });

  it("gives a prompt no brain, and a chat no task", () => {
    const prompt = wordsOf(agentCommand({ do: "prompt" }, specimen, order({ ports: false })));
    expect(prompt).toContain("--task-file");
    expect(prompt).toContain("--no-ports");
    expect(prompt).not.toContain("--brain");
    const chat = wordsOf(agentCommand({ do: "chat" }, specimen, order()));
    expect(chat).toContain("--brain");
    expect(chat).not.toContain("--task-file");
    expect(chat).not.toContain("--no-ports");
  });
});
