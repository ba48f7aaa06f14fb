import { PROFILES, rowsOf, type Confusion, type InstrumentCalibration, type NodeId } from "@redline/shared";
import type { Paint } from "../terminal/colour.ts";

/** Nodes that are named in a line. */
const NAMED = 8;

/** Two lines: which control study measured the instrument on a study's nodes and what it came to, or that none did. */
export function calibrationLines(calibration: InstrumentCalibration, paint: Paint): string[] {
  const { state, detail } = calibrationWords(calibration);
  const green = calibration.found && calibration.green;
  return [`instrument calibration: ${(green ? paint.good : paint.unsure)(state)}`, `  ${detail}`];
}

/** The same as two half-sentences. */
export function calibrationWords(calibration: InstrumentCalibration): { state: string; detail: string } {
  if (!calibration.found)
    return {
      state: `no green controls for ${nodesText(calibration.nodes)}`,
      detail: `${calibration.why}: run \`redline controls run\` on the same coordinator or --state`,
    };
  const { study, at, nodes, green, matrices } = calibration;
  const control = `control study ${study} of ${at.slice(0, 10)} on ${nodesText(nodes)}`;
  return {
    state: green ? `${control}: green` : `no green controls for these nodes: ${control} is NOT green`,
    // A study's own profiles stand in the control study's own report.
    detail: matrices
      .filter(({ profile }) => PROFILES.some((known) => known === profile))
      .map(matrixText)
      .join("; "),
  };
}

function matrixText(matrix: Confusion): string {
  const [copies, decoys] = rowsOf(matrix);
  return `${matrix.profile} confirmed ${confirmedOf(copies)} copies, ${confirmedOf(decoys)} decoys`;
}

/** Of those that were decided; what was cancelled or left open is no decoy that was told apart. */
export function confirmedOf(row: { trials: number; confirmed: number; undecided: number }): string {
  const open = row.undecided === 0 ? "" : ` decided (${row.undecided} undecided)`;
  return `${row.confirmed} of ${row.trials - row.undecided}${open}`;
}

function nodesText(nodes: readonly NodeId[]): string {
  if (nodes.length === 0) return "its nodes";
  const more = nodes.length > NAMED ? ` and ${nodes.length - NAMED} more` : "";
  return `${nodes.length === 1 ? "node" : "nodes"} ${nodes.slice(0, NAMED).join(", ")}${more}`;
}
