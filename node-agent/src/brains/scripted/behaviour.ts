import type { Shape } from "@redline/shared";

export interface View {
  readonly shape: Shape;
  /** What the agent was asked to do: the first message of a user. */
  readonly task: string;
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

/** One command, then the claim, whatever came of it. */
export const inOneMove =
  (text: string, command: (shape: Shape) => string, claim: (shape: Shape) => string): Behaviour =>
  ({ shape, turn }) =>
    turn === 0 ? run(text, command(shape)) : finish(claim(shape));

/** A case that exists in some shapes only; elsewhere it says so and does nothing. */
export const onlyIn =
  (shapes: readonly Shape[], behaviour: Behaviour): Behaviour =>
  (view) =>
    shapes.includes(view.shape)
      ? behaviour(view)
      : { text: `This case does not exist in ${view.shape}, so I do nothing.`, calls: [] };
