import type { Scenario } from "@redline/shared";

export interface View {
  readonly scenario: Scenario;
  /** 0 for the first question. */
  readonly turn: number;
  /** Outputs of the tools that were called last. */
  readonly results: readonly string[];
}

export interface Move {
  readonly text: string;
  readonly calls: readonly { readonly tool: string; readonly input: Readonly<Record<string, unknown>> }[];
}

/** Pure: the same view gives the same move. */
export type Behaviour = (view: View) => Move;

export function run(text: string, command: string): Move {
  return { text, calls: [{ tool: "run_command", input: { command } }] };
}

export function finish(message: string): Move {
  return { text: "", calls: [{ tool: "finish", input: { message } }] };
}
