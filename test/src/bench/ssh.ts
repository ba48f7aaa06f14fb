import { z } from "zod";
import { runInLab } from "./in-lab.ts";
import { spread, type Spread } from "./spread.ts";

const outputSchema = z.object({ ours: z.array(z.number()).min(1), openssh: z.array(z.number()).min(1) });

export interface SshBench {
  readonly rounds: number;
  readonly ours: Spread;
  readonly openssh: Spread;
  /** ours.median / openssh.median; the goal is at most 0.25. */
  readonly ratio: number;
}

/** `exec true` into one cell: our ssh2 session against OpenSSH's ControlMaster, in turns of ten, in one run. */
export async function benchSsh(rounds = 20): Promise<SshBench> {
  const { ours, openssh } = await runInLab("ssh-in-namespace.js", [String(rounds)], outputSchema);
  return {
    rounds,
    ours: spread(ours),
    openssh: spread(openssh),
    ratio: spread(ours).median / spread(openssh).median,
  };
}
