import { execFileSync } from "node:child_process";
import { conditionSchema, limitsSchema, scaffoldSchema } from "@redline/shared";
import { expect, it } from "vitest";
import { agentCommand } from "./agent-command.ts";

const command = (condition: object = {}) =>
  agentCommand(
    { agent: "agent.mjs", ports: { model: 8760, agent: 8001 } },
    {
      scaffold: scaffoldSchema.parse({ kind: "pan2024", gaps: false }),
      condition: conditionSchema.parse(condition),
      limits: limitsSchema.parse({ turns: 7 }),
    },
  );

it("gives the agent its scaffold as one word, and its turns", () => {
  const script = command().replace(/^cd \S+ && exec node/, "printf '%s\\n'");
  const words = execFileSync("bash", ["-c", script], { encoding: "utf8" }).split("\n");
  expect(words.slice(0, 3)).toEqual(["agent.mjs", "run", "--exit-when-done"]);
  expect(JSON.parse(words[words.indexOf("--scaffold") + 1] ?? "")).toMatchObject({
    kind: "pan2024",
    gaps: false,
  });
  expect(words[words.indexOf("--max-turns") + 1]).toBe("7");
  expect(words).not.toContain("--no-ports");
});

it("does not tell ports where the condition says so", () => {
  expect(command({ ports: false })).toContain(" --no-ports");
});
