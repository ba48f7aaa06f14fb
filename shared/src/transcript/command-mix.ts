import type { RecordRef } from "../evidence/evidence.ts";
import { classOfCommand, COMMAND_CLASSES, type CommandClass } from "./command-class.ts";
import { signsOf, quoteAt, type Signs } from "./sign.ts";
import { ranOf, type Talk } from "./talk.ts";

export interface CommandMix {
  /** Simple commands of each class: of a pipe each part, of a script in a here-document each of its commands. */
  readonly counts: Readonly<Record<CommandClass, number>>;
  readonly total: number;
  /** Programs that no list knows; they are among the executing ones. */
  readonly unknown: number;
  /** Actions whose text could not be taken apart to its end. */
  readonly open: Signs;
  /** Actions that ran a command: what the simple commands were counted in, and their records. */
  readonly actions: number;
  readonly records: readonly RecordRef[];
}

/** Shares that arXiv:2412.12140 prints in Fig. 8, for comparison. Its unit and its lists are not published. */
export const PAPER_MIX: Readonly<Record<string, Readonly<Record<CommandClass, number>>>> = {
  "Llama3.1-70B-Instruct": { exploring: 0.316, changing: 0.035, executing: 0.526, utilities: 0.123 },
  "Qwen2.5-72B-Instruct": { exploring: 0.392, changing: 0.208, executing: 0.279, utilities: 0.121 },
};

export function mixOf(talk: Talk): CommandMix {
  const counts = { exploring: 0, changing: 0, executing: 0, utilities: 0 };
  let unknown = 0;
  const ran = ranOf(talk);
  for (const command of ran.flatMap((action) => action.commands)) {
    const { is, known } = classOfCommand(command);
    counts[is] += 1;
    if (!known) unknown += 1;
  }
  const open = ran
    .filter((a) => !a.whole)
    .map(({ turn, record, command }) => ({ turn, record, quote: quoteAt(command) }));
  return {
    counts,
    total: totalOf(counts),
    unknown,
    open: signsOf(open),
    actions: ran.length,
    records: ran.map((a) => a.record),
  };
}

export const totalOf = (counts: CommandMix["counts"]) =>
  COMMAND_CLASSES.reduce((sum, c) => sum + counts[c], 0);
