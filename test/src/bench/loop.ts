import { z } from "zod";
import { runInLab } from "./in-lab.ts";
import { spread, type Spread } from "./spread.ts";

/** Trials at once, and turns of each: the more at once, the fewer are needed. The first goes to the most that a study may ask for. */
const RUNS = [
  [1, 1000],
  [4, 600],
  [16, 400],
] as const;
/** To look whether a change tells; code is hardly warm after so few. */
const SHORT_RUNS = [
  [1, 300],
  [4, 150],
  [16, 80],
] as const;

const outputSchema = z.object({
  perSecond: z.number(),
  turns: z.int(),
  daemonCpuMsATurn: z.number(),
  /** The daemon's, and that of the agents, their shells and their sshd. */
  allCpuMsATurn: z.number(),
  journalBytesATurn: z.number(),
  /** Agent and daemon as they are, and what of it their programs still hold on to after a collection. */
  memory: z.array(
    z.object({
      turns: z.int(),
      agentMiB: z.number().nullable(),
      daemonMiB: z.number(),
      agentHeldMiB: z.number().nullable(),
      daemonHeldMiB: z.number(),
    }),
  ),
});

export interface LoopBench {
  readonly trials: number;
  readonly repeats: number;
  /** Of each trial. */
  readonly turns: number;
  /** Turns a second of all trials together, on one daemon. */
  readonly perSecond: Spread;
  readonly daemonCpuMsATurn: number;
  /** The daemon's, and that of the agents, their shells and their sshd. */
  readonly allCpuMsATurn: number;
  readonly journalBytesATurn: number;
  /** Of the first trial's agent and of the daemon, in the last repeat. */
  readonly memory: z.infer<typeof outputSchema>["memory"];
}

/** The agent's loop with a brain that answers at once and a command that does nothing, each trial in a cell of its own. */
export async function* benchLoop(form: "whole" | "short" = "whole"): AsyncGenerator<LoopBench, void> {
  const repeats = form === "short" ? 1 : 3;
  for (const [trials, turns] of form === "short" ? SHORT_RUNS : RUNS) {
    const outputs: z.infer<typeof outputSchema>[] = [];
    for (let n = 0; n < repeats; n += 1)
      outputs.push(await runInLab("loop-in-namespace.js", [String(trials), String(turns)], outputSchema));
    const median = (of: (output: z.infer<typeof outputSchema>) => number) => spread(outputs.map(of)).median;
    yield {
      trials,
      repeats,
      turns,
      perSecond: spread(outputs.map((output) => output.perSecond)),
      daemonCpuMsATurn: median((output) => output.daemonCpuMsATurn),
      allCpuMsATurn: median((output) => output.allCpuMsATurn),
      journalBytesATurn: median((output) => output.journalBytesATurn),
      memory: outputs.at(-1)?.memory ?? [],
    };
  }
}
