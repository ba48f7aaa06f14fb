import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { eventually, until } from "../kit/until.ts";

/** A prober in a cell's network namespace must hold it no longer than the cell lives, whatever becomes of the daemon. */
const daemonScript = fileURLToPath(
  new URL("../../dist/integration/fixtures/network-probers.js", import.meta.url),
);
const ROOT_OF_ITS_OWN = ["-Urm"];

let daemon: ChildProcess;
let init = 0;
let prober = 0;

beforeEach(async () => {
  // unshare replaces itself by the daemon, so that this is its pid.
  const command = [...ROOT_OF_ITS_OWN, process.execPath, daemonScript];
  daemon = spawn("unshare", command, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  daemon.stdout?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await eventually("the daemon says its pid", () => expect(said).toMatch(/^\d+\n/));
  init = Number(said.trim());
  // Up and past its start: the script's own name is in its command line from the exec on, its preload has run by then or not.
  prober = await until("the prober is in the namespace", () =>
    membersOf(init).find((pid) => pid !== init && commandOf(pid).includes("prober-child.js")),
  );
});

afterEach(() => {
  for (const pid of [daemon.pid ?? 0, init, prober]) {
    try {
      if (pid > 1) process.kill(pid, "SIGKILL");
    } catch {
      // Gone, as it should be.
    }
  }
});

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
};
const networkOf = (pid: number): string => {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return "";
  }
};
const membersOf = (pid: number): number[] => {
  const network = networkOf(pid);
  const pids = readdirSync("/proc").map(Number);
  return network === "" ? [] : pids.filter((other) => other > 0 && networkOf(other) === network);
};

it("is gone with a daemon that is killed, while the cell's first process still lives", async () => {
  daemon.kill("SIGKILL");
  // An ending process has no command line a moment before it lets its namespaces go.
  await eventually("the prober ends", () => expect(membersOf(init)).toEqual([init]));
});

it("is gone with its cell when the daemon is frozen", async () => {
  daemon.kill("SIGSTOP");
  process.kill(init, "SIGKILL");
  // Nobody reaps it: the daemon is frozen. A zombie has no command line and holds no namespace.
  await eventually("the prober ends", () => expect(networkOf(prober)).toBe(""));
});

it("goes on while both live", async () => {
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(membersOf(init)).toContain(prober);
});
