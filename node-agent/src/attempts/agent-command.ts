import { copyDeviceOf, type RunOrder, type Specimen } from "@redline/shared";
import { shellWord } from "../escape/in-cell-perl.ts";
import { IN_CELL } from "./in-cell.ts";

/** The shell command that starts the original's agent on its task. */
export function agentCommand(
  { agent, ports }: Pick<Specimen, "agent" | "ports">,
  { scenario, scaffold, condition, limits }: Pick<RunOrder, "scenario" | "scaffold" | "condition" | "limits">,
): string {
  const words = [
    ...["exec", "node", shellWord(agent), "run", "--exit-when-done", "--port", String(ports.agent)],
    ...["--model", `http://127.0.0.1:${ports.model}`, "--brain", `unix:${IN_CELL.brainSocket}`],
    ...["--task-file", IN_CELL.taskFile, "--max-turns", String(limits.turns)],
    ...["--scaffold", shellWord(JSON.stringify(scaffold))],
    ...(condition.ports ? [] : ["--no-ports"]),
  ];
  // Where the copy is to come up beside the original, all that the agent starts comes of this one process. The limit is the hard
  // one too: nothing of it can be raised again.
  const readOnly = condition.home === "read-only" && copyDeviceOf(scenario.shape) === "origin";
  return `cd ${IN_CELL.system} && ${readOnly ? "ulimit -f 0 && " : ""}${words.join(" ")}`;
}
