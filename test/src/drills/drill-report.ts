import { z } from "zod";
import { DRILL_NAMES } from "./drill-names.ts";

/** What the lab's drills say on stdout, one JSON object a line. */
export const drillEventSchema = z.discriminatedUnion("event", [
  z.object({ event: z.literal("up") }),
  z.object({
    event: z.literal("repeat"),
    drill: z.enum(DRILL_NAMES),
    repeat: z.int(),
    /** Cells that were there, and processes in them. */
    cells: z.int(),
    processes: z.int(),
    /** From the blow until no process was left in any of them. */
    ms: z.number(),
    limitMs: z.number(),
    /** From then until cells of the next attempt were at work. */
    backMs: z.number(),
  }),
  z.object({ event: z.literal("done") }),
]);
export type DrillEvent = z.infer<typeof drillEventSchema>;
export type Repeat = Extract<DrillEvent, { event: "repeat" }>;

/** Nearest rank, of at least one value. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** One line a drill: how often, how long until every cell was empty, and whether each time was within its limit. */
export function reportLine(repeats: readonly Repeat[]): string {
  const [first] = repeats;
  if (first === undefined) return "no repeat";
  const ms = repeats.map((repeat) => repeat.ms);
  const show = (value: number) => `${value.toFixed(0)} ms`.padStart(8);
  const under = ms.filter((value) => value < first.limitMs).length;
  const verdict = under === ms.length ? "all under" : `${ms.length - under} NOT under`;
  return [
    first.drill.padEnd(19),
    `n ${String(ms.length).padStart(3)}`,
    `p50 ${show(percentile(ms, 0.5))}`,
    `p95 ${show(percentile(ms, 0.95))}`,
    `max ${show(Math.max(...ms))}`,
    `${verdict} ${first.limitMs} ms`,
  ].join("  ");
}

/** Whether each repeat stayed under its limit. */
export const allUnder = (repeats: readonly Repeat[]): boolean =>
  repeats.length > 0 && repeats.every(({ ms, limitMs }) => ms < limitMs);
