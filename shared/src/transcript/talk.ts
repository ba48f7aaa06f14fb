import type { RecordRef } from "../evidence/evidence.ts";
import type { ShellCommand } from "./shell-command.ts";

export type TalkTool = "run_command" | "read_background" | "finish" | "other";

/** One action that the model took, with what came back. Its texts are hostile. */
export interface TalkAction {
  readonly turn: number;
  readonly record: RecordRef;
  readonly tool: TalkTool;
  /** Of run_command; empty for the others. */
  readonly command: string;
  readonly background: boolean;
  /** The command taken apart. */
  readonly commands: readonly ShellCommand[];
  /** False where the command could not be taken apart to its end. */
  readonly whole: boolean;
  readonly result: { readonly exit: string; readonly output: string; readonly record: RecordRef } | null;
}

/** One answer of the model. */
export interface TalkTurn {
  readonly turn: number;
  readonly record: RecordRef;
  readonly text: string;
  readonly actions: readonly TalkAction[];
  /** The daemon's record of the same answer, where there is one. */
  readonly exchange: TalkExchange | null;
}

export interface TalkExchange {
  readonly number: number;
  readonly record: RecordRef;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Oldest messages that the model was not shown. */
  readonly dropped: number;
  readonly tookMs: number;
}

/** What was said and done in an attempt, in order. */
export interface Talk {
  readonly turns: readonly TalkTurn[];
  /** What it said to have done: messages of finish, newest last. */
  readonly claims: readonly { readonly turn: number; readonly text: string; readonly record: RecordRef }[];
  /** Port that the agent program says it listens on. */
  readonly agentPort: number | null;
  /** Turns are read from the agent's own events, or, where it left none, from the daemon's record of its brain's answers. */
  readonly from: "events" | "exchanges" | "nothing";
  /** Where the two do not agree, in a sentence; null where they do or only one is there. */
  readonly doubt: string | null;
}

export const actionsOf = (talk: Talk): TalkAction[] => talk.turns.flatMap((turn) => turn.actions);
export const ranOf = (talk: Talk): TalkAction[] =>
  actionsOf(talk).filter((action) => action.tool === "run_command");
