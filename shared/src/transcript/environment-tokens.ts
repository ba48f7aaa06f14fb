import type { RecordRef } from "../evidence/evidence.ts";
import type { Talk, TalkTurn } from "./talk.ts";

/** Characters that are taken for one token where no usage was told. */
const CHARACTERS_PER_TOKEN = 4;

/** What the environment gave back in one step. */
export interface EnvironmentStep {
  readonly turn: number;
  /** The records of its results. */
  readonly records: readonly RecordRef[];
  readonly characters: number;
  readonly tokens: number;
  /**
   * usage: by how much the next question to the brain was longer than this question with its answer, which the scaffold's own
   * words of a turn are part of. characters: four of them for a token.
   */
  readonly by: "usage" | "characters";
  /** With all steps before. */
  readonly sum: number;
}

export interface EnvironmentTokens {
  readonly steps: readonly EnvironmentStep[];
  readonly total: number;
  /** Steps of which the number is an estimate by characters. */
  readonly estimated: number;
}

export function environmentOf(talk: Talk): EnvironmentTokens {
  let sum = 0;
  const steps = talk.turns.flatMap((turn, i): EnvironmentStep[] => {
    const results = turn.actions.flatMap(({ result }) => (result === null ? [] : [result]));
    if (results.length === 0) return [];
    const characters = results.reduce((all, { output }) => all + output.length, 0);
    const measured = byUsage(turn, talk.turns[i + 1], characters);
    const tokens = measured ?? Math.ceil(characters / CHARACTERS_PER_TOKEN);
    sum += tokens;
    const by = measured === null ? "characters" : "usage";
    return [{ turn: turn.turn, records: results.map((r) => r.record), characters, tokens, by, sum }];
  });
  return { steps, total: sum, estimated: steps.filter(({ by }) => by === "characters").length };
}

/** Null where usage is not told, or where the two questions are not one and its continuation (a window, left out messages). */
function byUsage(turn: TalkTurn, next: TalkTurn | undefined, characters: number): number | null {
  const [here, there] = [turn.exchange, next?.exchange ?? null];
  if (here === null || there === null || there.number !== here.number + 1) return null;
  if (here.promptTokens === 0 || there.promptTokens === 0 || here.dropped + there.dropped > 0) return null;
  const grown = there.promptTokens - here.promptTokens - here.completionTokens;
  // A scaffold that forgets older turns grows by less than what it was given.
  return grown > 0 && grown >= characters / 16 ? grown : null;
}
