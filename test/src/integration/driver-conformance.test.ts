import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";

/**
 * Every driver against the same promises (`driver-conformance.ts` in node-agent), with real cells in a lab namespace of its own, in
 * each mode in which this machine can run it. A driver that cannot is named, with its own words for why.
 */
const script = fileURLToPath(
  new URL("../../dist/integration/fixtures/driver-conformance-run.js", import.meta.url),
);
const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;
const OTHER_UID = "1001";
const groups = ["containment", "ends", "removal"] as const;

// PID 1 stays a shell: something must reap what a killed daemon hands up.
// Podman's locks lie in /dev/shm.
const inside =
  'mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /dev/shm && mkdir /run/netns && ip link set lo up && "$@"; exit $?';
// Runtimes that know only one kind of cgroups give up where they see both.
const hidden = `mount -t tmpfs tmpfs /sys/fs/cgroup && ${inside}`;
const namespaces = ["--pid", "--fork", "--mount-proc", "--kill-child"];
const lab = (flags: string, setUp: string) => ["unshare", flags, ...namespaces, "bash", "-c", setUp, "lab"];
const other = ["setpriv", `--reuid=${OTHER_UID}`, `--regid=${OTHER_UID}`, "--clear-groups"];

interface Choice {
  readonly driver: string;
  readonly setUp: string;
}

const podman: readonly Choice[] = [
  { driver: "podman:runc", setUp: inside },
  { driver: "podman:crun", setUp: inside },
  { driver: "podman:crun", setUp: hidden },
];
const drivers: readonly (readonly [name: string, choices: readonly Choice[]])[] = [
  ["bubblewrap", [{ driver: "bubblewrap", setUp: inside }]],
  ["podman", podman],
  ["docker", [{ driver: "docker", setUp: inside }]],
];
const modes: readonly (readonly [mode: string, command: (setUp: string) => string[], possible: boolean])[] = [
  ["a rootless lab of this user", (setUp) => lab("-Urmn", setUp), true],
  ["a rootless lab of another user", (setUp) => [...other, ...lab("-Urmn", setUp)], isRoot],
  ["a machine where the daemon is the real root", (setUp) => lab("-mn", setUp), isRoot],
];

const lineSchema = z.object({ check: z.string(), ok: z.boolean(), error: z.string(), ms: z.number() });

const linesOf = (text: string) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => lineSchema.parse(JSON.parse(line)));

/** The first choice with which a cell comes up, or why none did. */
async function working(
  command: (setUp: string) => string[],
  choices: readonly Choice[],
): Promise<Choice | string> {
  const whys: string[] = [];
  for (const choice of choices) {
    const why = await whyNot(command(choice.setUp), choice.driver);
    if (why === "") return choice;
    whys.push(why.replaceAll(/\s+/g, " ").slice(0, 200));
  }
  return whys.join(" | ");
}

/** Empty where a cell comes up. */
async function whyNot(command: readonly string[], driver: string): Promise<string> {
  try {
    const args = [...command, process.execPath, script, driver, "try"];
    const [line] = linesOf((await run("env", args, { timeout: 240_000, killSignal: "SIGKILL" })).stdout);
    return line?.ok === true ? "" : (line?.error ?? "it said nothing");
  } catch (error) {
    return error instanceof Error
      ? (/\w*Error: .*/.exec(error.message)?.[0] ?? error.message)
      : String(error);
  }
}

/** What a test could leave on the machine. */
function traces(): unknown {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  const links = readFileSync("/proc/net/dev", "utf8").split("\n");
  return {
    mounts: mounts.filter((line) => /netns|redline/.test(line)),
    links: links.filter((line) => line.trim().startsWith("rlc")),
    namespaces: existsSync("/run/netns/redline-0"),
  };
}

const found = await Promise.all(
  drivers.flatMap(([name, choices]) =>
    modes
      .filter(([, , possible]) => possible)
      .map(async ([mode, command]) => ({ name, mode, command, choice: await working(command, choices) })),
  ),
);
for (const { name, mode, command, choice } of found) {
  if (typeof choice === "string") {
    it.skip(`${name} in ${mode}: skipped: ${choice}`, () => undefined);
    continue;
  }
  const { driver, setUp } = choice;
  describe.concurrent(`${driver} in ${mode}`, () => {
    let before: unknown;
    beforeAll(() => {
      before = traces();
    });
    afterAll(() => {
      expect(traces()).toEqual(before);
    });

    it.each(groups)(
      "%s",
      async (group) => {
        const args = [...command(setUp), process.execPath, script, driver, group];
        const { stdout } = await run("env", args, { timeout: 580_000, killSignal: "SIGKILL" });
        const checks = linesOf(stdout);
        expect(checks.length).toBeGreaterThan(4);
        expect(checks.filter(({ ok }) => !ok).map(({ check, error }) => `${check}: ${error}`)).toEqual([]);
      },
      600_000,
    );
  });
}
