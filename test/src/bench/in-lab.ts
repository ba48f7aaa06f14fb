import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { z } from "zod";

const LIMIT_MS = 110_000;
const IN_LAB = `mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link set lo up && exec "$0" "$@"`;

/**
 * Runs a built script of this folder as root of namespaces of its own, as a lab's host is, and gives the JSON that it prints.
 * All that it starts ends with it, and with this process.
 * @throws Error with its stderr when it fails or has not ended within 110 s.
 */
export async function runInLab<T>(script: string, args: readonly string[], schema: z.ZodType<T>): Promise<T> {
  const built = fileURLToPath(new URL(`../../dist/bench/${script}`, import.meta.url));
  const { stdout } = await promisify(execFile)(
    "setpriv",
    // prettier-ignore
    ["--pdeathsig", "KILL", "unshare", "-Urmn", "--pid", "--fork", "--mount-proc", "--kill-child",
      "bash", "-c", IN_LAB, process.execPath, built, ...args],
    {
      env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` },
      timeout: LIMIT_MS,
      // unshare holds SIGTERM back while it waits for its child.
      killSignal: "SIGKILL",
    },
  );
  return schema.parse(JSON.parse(stdout));
}
