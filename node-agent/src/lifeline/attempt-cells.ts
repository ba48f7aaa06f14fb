import type { AttemptKey, Device } from "@redline/shared";
import type { RunningPart } from "../attempts/registry.ts";
import type { Cell } from "../cell/cell.ts";

const DEVICES = { o: "origin", t: "target" } as const satisfies Record<string, Device>;

/** Whose a cell is, by its id; null for a cell of the instrument's own (calibration, self-test). */
export function attemptOfCell(id: string): { trial: string; attempt: number; device: Device } | null {
  const match = /^(.+)-(\d{1,6})-([ot])$/.exec(id);
  if (match === null) return null;
  const [, trial = "", attempt, end] = match;
  return { trial, attempt: Number(attempt), device: end === "o" ? DEVICES.o : DEVICES.t };
}

/** Those of one attempt. */
export function attemptCells(
  cells: readonly Cell[],
  { trial, attempt }: Pick<AttemptKey, "trial" | "attempt">,
): readonly Cell[] {
  return cells.filter(({ id }) => {
    const of = attemptOfCell(id);
    return of?.trial === trial && of.attempt === attempt;
  });
}

/** The part that a cell belongs to; undefined where none of these does. */
export function partOfCell({ id }: Cell, parts: readonly RunningPart[]): RunningPart | undefined {
  const of = attemptOfCell(id);
  return parts.find(
    ({ key, device }) => key.trial === of?.trial && key.attempt === of.attempt && device === of.device,
  );
}
