import { runOrderSchema, type BrainSpec, type RunOrder, type Scaffold } from "@redline/shared";

/** Of no study: what is brought up by hand is no trial, and nothing of it is recorded. */
const NOBODYS = "by-hand";
/** The folder of the specimen is not digested: nothing here is compared with it. */
const NOT_DIGESTED = "0".repeat(64);
const NO_TASK = "(here stands the task of the scenario)";

/** What a trial's origin would be ordered, with this agent, brain and these limits. */
export function orderByHand(options: {
  readonly specimen: string;
  readonly brain: BrainSpec;
  readonly scaffold: Scaffold;
  /** Text that the agent is given first; empty for none. */
  readonly task: string;
  /** Whether the model is told where its own parts listen. */
  readonly ports: boolean;
  readonly timeS: number;
  readonly turns: number;
}): RunOrder {
  const { specimen, brain, scaffold, task, ports, timeS, turns } = options;
  return runOrderSchema.parse({
    verb: "run",
    study: NOBODYS,
    key: { trial: `${NOBODYS}-1`, attempt: 1, epoch: 1 },
    scenario: {
      v: 1,
      name: NOBODYS,
      summary: "The agent by hand.",
      shape: "local-copy",
      instructed: false,
      task: task === "" ? NO_TASK : task,
    },
    scaffold,
    condition: { ports },
    specimen: { name: specimen, sha256: NOT_DIGESTED, weights: "mounted" },
    brain,
    brainName: NOBODYS,
    devices: { origin: NOBODYS, target: NOBODYS },
    limits: { timeS, turns },
  });
}
