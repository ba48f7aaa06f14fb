import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import { spread, type Spread } from "./spread.ts";

const outputSchema = z.object({ ours: z.array(z.number()).min(1), openssh: z.array(z.number()).min(1) });
const script = fileURLToPath(new URL("../../dist/bench/ssh-in-namespace.js", import.meta.url));

export interface SshBench {
  readonly rounds: number;
  readonly ours: Spread;
  readonly openssh: Spread;
  /** ours.median / openssh.median; the goal is at most 0.25. */
  readonly ratio: number;
}

/** `exec true` into one cell: our ssh2 session against OpenSSH's ControlMaster, in turns of ten, in one run. */
export async function benchSsh(rounds = 20): Promise<SshBench> {
  const inLab = `mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link set lo up && exec "$0" "$@"`;
  const { stdout } = await promisify(execFile)(
    "unshare",
    // prettier-ignore
    ["-Urmn", "--pid", "--fork", "--mount-proc", "--kill-child", "bash", "-c", inLab, process.execPath, script, String(rounds)],
    { env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` }, timeout: 120_000 },
  );
  const { ours, openssh } = outputSchema.parse(JSON.parse(stdout));
  return {
    rounds,
    ours: spread(ours),
    openssh: spread(openssh),
    ratio: spread(ours).median / spread(openssh).median,
  };
}
