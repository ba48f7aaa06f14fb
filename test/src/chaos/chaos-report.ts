import { z } from "zod";
import { replayCommand } from "./chaos-args.ts";

/** What the suite's lab says on stdout, one JSON object a line. */
export const chaosEventSchema = z.discriminatedUnion("event", [
  z.object({ event: z.literal("up"), means: z.string() }),
  z.object({
    event: z.literal("run"),
    /** Null for the undisturbed one. */
    seed: z.int().nullable(),
    ms: z.number(),
    attempts: z.int(),
    trials: z.int(),
    /** What the plan said and what it fell on; `hit`: on something, before the study was over. */
    struck: z.array(z.object({ what: z.string(), hit: z.boolean() })),
    /** Faults of attempts, as the coordinator named them. */
    faults: z.array(z.string()),
    problems: z.array(z.string()),
  }),
  z.object({ event: z.literal("failed"), text: z.string() }),
  z.object({ event: z.literal("done") }),
]);
export type ChaosEvent = z.infer<typeof chaosEventSchema>;
export type ChaosRun = Extract<ChaosEvent, { event: "run" }>;

/** One run on one line, and what is wrong with it below. */
export function runLines({ seed, ms, attempts, trials, struck, faults, problems }: ChaosRun): string[] {
  const name = seed === null ? "undisturbed" : `seed ${seed}`;
  const words = problems.length === 0 ? "ok  " : "DIFF";
  const line = `${name.padEnd(11)} ${words} ${(ms / 1000).toFixed(1).padStart(5)} s  ${attempts} attempts of ${trials} trials  ${struck.map(({ what }) => what).join(" + ")}${faults.length === 0 ? "" : `  [${faults.join(", ")}]`}`;
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
  const bad = seeded.filter(({ problems }) => problems.length > 0);
  const blows = seeded.flatMap((run) => run.struck);
  const times = seeded.map(({ ms }) => ms).toSorted((a, b) => a - b);
  const seconds = (ms: number | undefined) => `${((ms ?? 0) / 1000).toFixed(1)} s`;
  const faults = new Map<string, number>();
  for (const fault of seeded.flatMap((run) => run.faults)) faults.set(fault, (faults.get(fault) ?? 0) + 1);
  return [
    `${seeded.length} seeds, ${bad.length} differences; ${blows.filter(({ hit }) => hit).length} faults that hit of ${blows.length}, ` +
      `${seeded.reduce((n, run) => n + run.attempts, 0)} attempts of ${seeded.reduce((n, run) => n + run.trials, 0)} trials; ` +
      `p50 ${seconds(times[Math.floor(times.length / 2)])}, max ${seconds(times.at(-1))} a run`,
    `attempts that ended by a fault: ${[...faults].map(([name, count]) => `${name} ${count}`).join(", ") || "none"}`,
    ...(seeded.length === 0 ? ["no seed was played: give it more time"] : []),
    ...bad.map(({ seed }) => `differs: ${seed === null ? "" : replayCommand(seed)}`),
  ];
}
