import { z } from "zod";
import { replayCommand } from "./chaos-args.ts";
import { faultTable } from "./fault-table.ts";
import { FAULT_KINDS } from "./planned-fault.ts";

const struckSchema = z.object({
  kind: z.enum(FAULT_KINDS),
  of: z.enum(["origin", "target", "coordinator", "standby", "nats", "between"]),
  /** What the plan said and what it fell on. */
  what: z.string(),
  /** On something, before the study was over. */
  hit: z.boolean(),
  /** Since the study was handed in. */
  fromMs: z.number(),
  toMs: z.number(),
});
export type StruckFault = z.infer<typeof struckSchema>;

export const chaosRunSchema = z.object({
  event: z.literal("run"),
  /** Null for the undisturbed one. */
  seed: z.int().nullable(),
  /** In a lab with two coordinators. */
  pair: z.boolean(),
  /** How the road between the hosts was slowed. */
  slowBy: z.enum(["netem", "tbf", "none"]),
  ms: z.number(),
  attempts: z.int(),
  trials: z.int(),
  struck: z.array(struckSchema),
  /** Faults of attempts, as the coordinator named them. */
  faults: z.array(z.string()),
  problems: z.array(z.string()),
});
export type ChaosRun = z.infer<typeof chaosRunSchema>;

/** What the suite's lab says on stdout, one JSON object a line. */
export const chaosEventSchema = z.discriminatedUnion("event", [
  chaosRunSchema,
  z.object({ event: z.literal("done") }),
]);
export type ChaosEvent = z.infer<typeof chaosEventSchema>;

/** One run on one line, and what is wrong with it below. */
export function runLines(run: ChaosRun): string[] {
  const { seed, pair, ms, attempts, trials, struck, faults, problems } = run;
  const name = `${seed === null ? "undisturbed" : `seed ${seed}`}${pair ? " (pair)" : ""}`;
  const words = problems.length === 0 ? "ok  " : "DIFF";
  const line = `${name.padEnd(18)} ${words} ${(ms / 1000).toFixed(1).padStart(5)} s  ${attempts} attempts of ${trials} trials  ${struck.map((one) => `${one.hit ? "" : "MISSED "}${one.what}`).join(" + ")}${faults.length === 0 ? "" : `  [${faults.join(", ")}]`}`;
  return [
    line,
    ...problems.map((problem) => `    ${problem}`),
    ...(problems.length === 0 || seed === null ? [] : [`    again: ${replayCommand(seed)}`]),
  ];
}

/** Whether the suite has shown something, and nothing that differs. */
export const isShown = (runs: readonly ChaosRun[]): boolean =>
  runs.some(({ seed }) => seed !== null) && runs.every(({ problems }) => problems.length === 0);

/** What came of all seeds. */
export function summaryLines(runs: readonly ChaosRun[]): string[] {
  const seeded = runs.filter(({ seed }) => seed !== null);
  if (seeded.length === 0) return ["no seed was played: give it more time"];
  const bad = seeded.filter(({ problems }) => problems.length > 0);
  const blows = seeded.flatMap((run) => run.struck);
  const times = seeded.map(({ ms }) => ms).toSorted((a, b) => a - b);
  const seconds = (ms: number | undefined) => `${((ms ?? 0) / 1000).toFixed(1)} s`;
  const faults = new Map<string, number>();
  for (const fault of seeded.flatMap((run) => run.faults)) faults.set(fault, (faults.get(fault) ?? 0) + 1);
  const slowBy = [...new Set(seeded.map((run) => run.slowBy))].join(", ");
  return [
    `${seeded.length} seeds (${seeded.filter(({ pair }) => pair).length} with a pair of coordinators), ${bad.length} differences; ` +
      `${blows.filter(({ hit }) => hit).length} faults that hit of ${blows.length}, in ${seeded.filter(atOnce).length} seeds two or more at once; ` +
      `${seeded.reduce((n, run) => n + run.attempts, 0)} attempts of ${seeded.reduce((n, run) => n + run.trials, 0)} trials; ` +
      `p50 ${seconds(times[Math.floor(times.length / 2)])}, max ${seconds(times.at(-1))} a run`,
    `loss by nft; delay to the bus by the proxy, between the hosts by ${slowBy}`,
    `attempts that ended by a fault: ${[...faults].map(([name, count]) => `${name} ${count}`).join(", ") || "none"}`,
    ...faultTable(blows),
    ...bad.map(({ seed }) => `differs: ${seed === null ? "" : replayCommand(seed)}`),
  ];
}

/** A kill is done at once, and what it does takes a moment. */
const LASTS_MS = 500;

/** Two of its faults hit, and one was not over when the other began. */
function atOnce({ struck }: ChaosRun): boolean {
  const hits = struck.filter(({ hit }) => hit);
  return hits.some((a, i) =>
    hits.slice(i + 1).some((b) => a.fromMs < b.toMs + LASTS_MS && b.fromMs < a.toMs + LASTS_MS),
  );
}
