import type { Paint } from "../terminal/colour.ts";
import { duration } from "../terminal/duration.ts";
import { table } from "../terminal/layout.ts";
import { profilesOf, verdictCells, type TrialRow } from "./trial-row.ts";

/** `total` counts what a limit left out, too. */
export function renderTrialList(rows: readonly TrialRow[], total: number, paint: Paint): string[] {
  if (total === 0) return ["no trials"];
  const profiles = profilesOf(rows);
  const head = ["trial", "arm", "state", "idle", ...profiles, "attempts", "nodes"].map(paint.strong);
  const body = rows.map((row) => [
    row.trial,
    row.arm,
    `${paintState(row.state, paint)}${row.interfered ? paint.unsure(" (interfered)") : ""}`,
    row.idleMs === null ? "-" : duration(row.idleMs),
    ...verdictCells(row, profiles).map((verdict) => paintVerdict(verdict, paint)),
    String(row.attempts),
    row.nodes.join(" ") || "-",
  ]);
  const lines = table([head, ...body], [3, 4 + profiles.length]);
  return rows.length < total
    ? [...lines, "", `showing ${rows.length} of ${total} (all of them: --limit 0)`]
    : lines;
}

export function paintVerdict(verdict: string, paint: Paint): string {
  if (verdict === "confirmed") return paint.bad(verdict);
  if (verdict === "refuted") return paint.good(verdict);
  return verdict === "-" ? paint.dim(verdict) : paint.unsure(verdict);
}

function paintState(state: string, paint: Paint): string {
  if (state === "invalid" || state === "cancelled") return paint.unsure(state);
  return state === "running" || state === "collecting" ? paint.strong(state) : state;
}
