import { terminalLine, type Sign, type Signs } from "@redline/shared";

/** Most records and turns that one line names. */
const MOST_NAMED = 6;

/** What a line rests on: `[turn 3; alpha#12]`; `[no record]` where it says that there was nothing. */
export function basis(signs: readonly (Pick<Sign, "turn" | "record"> | null)[]): string {
  const known = signs.filter((s) => s !== null);
  const turns = [...new Set(known.flatMap((s) => s.turn ?? []))];
  const records = [...new Set(known.map(({ record }) => `${record.node}#${record.seq}`))];
  const parts = [
    ...(turns.length === 0 ? [] : [`turn ${named(turns.map(String))}`]),
    ...(records.length === 0 ? [] : [named(records)]),
  ];
  return parts.length === 0 ? "[no record]" : `[${parts.join("; ")}]`;
}

export const basisOfRecords = (records: readonly Sign["record"][]): string =>
  basis(records.map((record) => ({ turn: null, record })));

/** How often, the first words, and where. */
export function signsText({ count, first }: Signs): string {
  const quote = first[0]?.quote ?? "";
  return `${count === 1 ? "once" : `${count} times`}: "${terminalLine(quote, 200)}" ${basis(first)}`;
}

function named(all: readonly string[]): string {
  const more = all.length - MOST_NAMED;
  return more > 0 ? `${all.slice(0, MOST_NAMED).join(" ")} and ${more} more` : all.join(" ");
}
