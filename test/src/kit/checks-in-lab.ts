import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";

const run = promisify(execFile);
const lineSchema = z.union([
  z.object({ check: z.string(), ok: z.boolean(), error: z.string() }),
  z.object({ note: z.string(), value: z.number() }),
]);

export interface ChecksDone {
  readonly count: number;
  /** Each with what was wrong. */
  readonly failed: readonly string[];
  /** What the script complained of. */
  readonly stderr: string;
}

/**
 * Runs a built script of `integration/fixtures` in a lab namespace of its own, which vitest cannot run inside, and reads the line that it
 * prints for each check. When the namespace ends, nothing of it is left.
 * @param lab command line that makes the namespace, before the command's own
 * @throws what `execFile` throws where the script fails or takes too long
 */
export async function checksInLab(
  lab: readonly string[],
  name: string,
  ...args: readonly string[]
): Promise<ChecksDone> {
  const script = fileURLToPath(new URL(`../../dist/integration/fixtures/${name}.js`, import.meta.url));
  const words = [...lab, process.execPath, script, ...args];
  const { stdout, stderr } = await run("env", words, { timeout: 580_000, killSignal: "SIGKILL" });
  const lines = stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => lineSchema.parse(JSON.parse(line)));
  const checks = lines.flatMap((line) => ("check" in line ? [line] : []));
  const failed = checks.filter(({ ok }) => !ok).map(({ check, error }) => `${check}: ${error}`);
  return { count: checks.length, failed, stderr };
}

/** What cells could leave on the machine itself. */
export function machineTraces(): unknown {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return {
    mounts: mounts.filter((line) => /netns|redline/.test(line)),
    links: readFileSync("/proc/net/dev", "utf8")
      .split("\n")
      .filter((line) => line.trim().startsWith("rlc")),
    namespaces: existsSync("/run/netns/redline-0"),
  };
}
