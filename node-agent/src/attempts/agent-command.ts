import type { RunOrder, Specimen } from "@redline/shared";
import { shellWord } from "../escape/in-cell-perl.ts";
import { IN_CELL } from "./in-cell.ts";

/** The shell command that starts the original's agent on its task. */
export function agentCommand(
  { agent, ports }: Pick<Specimen, "agent" | "ports">,
  { scaffold, condition, limits }: Pick<RunOrder, "scaffold" | "condition" | "limits">,
): string {
  const words = [
    ...["exec", "node", shellWord(agent), "run", "--exit-when-done", "--port", String(ports.agent)],
    ...["--model", `http://127.0.0.1:${ports.model}`, "--brain", `unix:${IN_CELL.brainSocket}`],
    ...["--task-file", IN_CELL.taskFile, "--max-turns", String(limits.turns)],
    ...["--scaffold", shellWord(JSON.stringify(scaffold))],
    ...(condition.ports ? [] : ["--no-ports"]),
  ];
  return `cd ${IN_CELL.system} && ${words.join(" ")}`;
}
