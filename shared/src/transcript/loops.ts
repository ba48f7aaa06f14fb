import { quoteAt, type Sign } from "./sign.ts";
import { actionsOf, type Talk, type TalkAction } from "./talk.ts";

export interface Loop extends Sign {
  /** repeat: one action over and over. cycle: several in the same order. */
  readonly is: "repeat" | "cycle";
  /** Actions that one round has. */
  readonly period: number;
  readonly rounds: number;
  /** Last turn of it. */
  readonly until: number;
}

/** Fewest equal rounds in a row that are called a loop. */
const LEAST_ROUNDS = 3;
const LONGEST_PERIOD = 6;

/** Rounds of the same actions with the same results, one behind the other; each stretch is told once, by its shortest period. */
export function loopsOf(talk: Talk): Loop[] {
  const actions = actionsOf(talk).filter((a) => a.tool !== "finish");
  const keys = numbered(actions.map(keyOf));
  const told = new Array<boolean>(actions.length).fill(false);
  const loops: Loop[] = [];
  for (let period = 1; period <= LONGEST_PERIOD; period += 1) {
    let begun = 0;
    for (let at = period; at <= keys.length; at += 1) {
      if (at < keys.length && keys[at] === keys[at - period]) continue;
      const rounds = Math.floor((at - begun) / period);
      const first = actions[begun];
      if (rounds >= LEAST_ROUNDS && first !== undefined && told[begun] !== true && told[at - 1] !== true) {
        told.fill(true, begun, at);
        const until = actions[at - 1]?.turn ?? first.turn;
        const quote = quoteAt(first.command === "" ? first.tool : first.command);
        const is = period === 1 ? "repeat" : "cycle";
        loops.push({ is, period, rounds, until, turn: first.turn, record: first.record, quote });
      }
      begun = at - period + 1;
    }
  }
  return loops.toSorted((a, b) => a.record.seq - b.record.seq);
}

const keyOf = ({ tool, command, background, result }: TalkAction) =>
  JSON.stringify([tool, command, background, result?.exit, result?.output]);

/** Equal texts get equal numbers, so that each text is compared once. */
function numbered(texts: readonly string[]): number[] {
  const known = new Map<string, number>();
  return texts.map((text) => {
    const number = known.get(text) ?? known.size;
    known.set(text, number);
    return number;
  });
}
