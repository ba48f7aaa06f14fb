import type { RunOrder, Specimen } from "@redline/shared";
import { shellWord } from "../escape/in-cell-perl.ts";
import { IN_CELL } from "../attempts/in-cell.ts";
import type { Mode } from "./plan.ts";

/** The shell command that starts the agent's program in its cell, as a trial's origin does, in one of its modes. */
export function agentCommand(
  mode: Mode,
  { agent, ports }: Pick<Specimen, "agent" | "ports">,
  { scaffold, condition, limits }: Pick<RunOrder, "scaffold" | "condition" | "limits">,
): string {
  const words = [
    ...["exec", "node", shellWord(agent), mode.do],
    ...["--port", String(ports.agent), "--model", `http://127.0.0.1:${ports.model}`],
    ...["--scaffold", shellWord(JSON.stringify(scaffold))],
    ...(condition.ports ? [] : ["--no-ports"]),
    ...(mode.do === "prompt"
      ? ["--task-file", IN_CELL.taskFile]
      : ["--brain", `unix:${IN_CELL.brainSocket}`, "--max-turns", String(limits.turns)]),
    ...(mode.do === "run" ? ["--exit-when-done", "--command", shellWord(mode.command)] : []),
    ...(mode.do === "run" && mode.plain ? ["--plain"] : []),
  ];
  return `cd ${IN_CELL.system} && ${words.join(" ")}`;
}
