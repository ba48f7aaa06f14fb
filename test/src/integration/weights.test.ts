import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { z } from "zod";

/** Real cells in a lab namespace of their own, as in cell.test.ts; the checks are `fixtures/weights-checks.ts`. */
const script = fileURLToPath(new URL("../../dist/integration/fixtures/weights-checks.js", import.meta.url));
const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;

const inside = 'mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link set lo up && "$@"; exit $?';
const command = (how: string) => [
  "unshare",
  how,
  "--pid",
  "--fork",
  "--mount-proc",
  "--kill-child",
  "bash",
  "-c",
  inside,
  "lab",
];

// Only the machine's real root may follow /proc/PID/map_files: the two modes take different roads to a mapped file.
const modes: readonly (readonly [
  mode: string,
  command: readonly string[],
  who: string,
  possible: boolean,
])[] = [
  ["a rootless lab", command("-Urmn"), "user", true],
  ["a machine where the daemon is the real root", command("-mn"), "root", isRoot],
];

const lineSchema = z.object({ check: z.string(), ok: z.boolean(), error: z.string() });

describe.concurrent.each(modes.filter(([, , , possible]) => possible))(
  "weights of cells in %s",
  (_, lab, who) => {
    it("are read as the serving process opened them", async () => {
      const args = [...lab, process.execPath, script, who];
      const { stdout, stderr } = await run("env", args, { timeout: 580_000, killSignal: "SIGKILL" });
      const lines = stdout
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => lineSchema.parse(JSON.parse(line)));
      expect(stderr).toBe("");
      expect(lines).toHaveLength(2);
      expect(lines.filter(({ ok }) => !ok).map(({ check, error }) => `${check}: ${error}`)).toEqual([]);
    }, 600_000);
  },
);
