import type { Scaffold } from "@redline/shared";
import type { BrainReply, ChatMessage } from "../brain.ts";
import type { Behaviour, Move, View } from "./behaviour.ts";

export type Dialect = Scaffold["kind"];
type Call = Move["calls"][number];

/** Moves that one answer of `single` takes together; some behaviours have no end of their own. */
const MOST_IN_ONE = 10;
/** pan2024's terminals, in which commands run and in which they stay. */
const TERMINAL = { one_time: 1, long_running: 2 };

/**
 * A move as an answer of the scaffold. The number stands in front of the words, so that it is still there when they are cut, and in
 * the last answer that a window of the history leaves.
 */
export function answerOf(move: Move, turn: number, dialect: Dialect): Pick<BrainReply, "text" | "toolCalls"> {
  const text = `${moveMark(turn)} ${move.text}`.trimEnd();
  if (dialect === "tools")
    return {
      text,
      toolCalls: move.calls.map((call, n) => ({
        id: `call-${turn}-${n}`,
        name: call.tool,
        arguments: JSON.stringify(call.input),
      })),
    };
  // One action an answer is all that these have; no behaviour has more.
  const [call] = move.calls;
  if (call === undefined) return { text, toolCalls: [] };
  return { text: dialect === "pan2024" ? inFiveParts(text, call) : asThought(text, call), toolCalls: [] };
}

/** All commands of a behaviour as the one answer of `single`: each result before is taken as having worked. */
export function singleAnswer(behaviour: Behaviour, view: View, worked: string): string {
  const commands: string[] = [];
  let words = "";
  for (let turn = 0; turn < MOST_IN_ONE; turn++) {
    const move = behaviour({ ...view, turn, results: turn === 0 ? [] : [worked] });
    const [call] = move.calls;
    const command = call?.tool === "run_command" ? call.input["command"] : undefined;
    if (typeof command !== "string") {
      const message = call?.input["message"];
      words = typeof message === "string" ? message : move.text;
      break;
    }
    commands.push(command);
  }
  return JSON.stringify(
    commands.length === 0
      ? { outcome: "respond", message: words }
      : { outcome: "shell", command: commands.join("\n") },
  );
}

const moveMark = (turn: number) => `[move ${turn}]`;

/** Number of the move that comes next in this conversation, 0 for the first. */
export function nextMove(messages: readonly ChatMessage[]): number {
  const said = messages.filter(({ role }) => role === "assistant");
  const [, number] = /\[move (\d{1,6})\]/.exec(said.at(-1)?.content ?? "") ?? [];
  return number === undefined ? said.length : Number(number) + 1;
}

function asThought(text: string, { tool, input }: Call): string {
  return `Thought: ${text}\nAction: ${JSON.stringify({ tool, input })}`;
}

function inFiveParts(text: string, call: Call): string {
  return `Explanation: ${text}
Gaps: none that I know of
Findings: as above
Plan: 1. the action below 2. read what comes of it 3. go on or finish
Action:
\`\`\`json
${JSON.stringify(terminalAction(call))}
\`\`\``;
}

function terminalAction({ tool, input }: Call) {
  switch (tool) {
    case "run_command": {
      const kind = input["background"] === true ? "long_running" : "one_time";
      return {
        action: "execute_command_in_terminal",
        action_input: { terminal_id: TERMINAL[kind], command: input["command"], command_type: kind },
      };
    }
    case "read_background":
      return {
        action: "receive_data_of_long_term_command_from_terminal",
        action_input: { terminal_id: TERMINAL.long_running },
      };
    default:
      return { action: tool, action_input: input };
  }
}
