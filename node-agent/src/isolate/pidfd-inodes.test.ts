import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { sameProcess, snapshotSchema } from "@redline/shared";
import { afterEach, describe, expect, it } from "vitest";
import { pidfdInodes, withPidfds } from "./pidfd-inodes.ts";
import { PIDFD_SCRIPTS } from "./pidfd-script.ts";
import { startTickOf } from "./task-states.ts";

const own = { bootId: "boot", pid: process.pid, startTick: startTickOf(process.pid) ?? 0 };
const kernelHas = (await pidfdInodes([own])).size === 1;
/** In a PID namespace of its own, root of it chooses the next pid: `pid` of what it started, host pid by `children`. */
const FORGER = `
set -e
while read -r _; do
  echo 40 >/proc/sys/kernel/ns_last_pid
  sleep 600 &
  echo $!
  read -r _
  kill -9 $!; wait $! 2>/dev/null || true
done`;
const forges =
  kernelHas &&
  spawnSync("unshare", [
    "-Ur",
    "--pid",
    "--fork",
    "--mount-proc",
    "sh",
    "-c",
    "echo 40 >/proc/sys/kernel/ns_last_pid",
  ]).status === 0;

let stop: () => void = () => undefined;
afterEach(() => stop());

describe("pidfd inodes", () => {
  it.skipIf(!kernelHas)("name a process the same way each time, by each tool", async () => {
    const inode = (await pidfdInodes([own])).get(process.pid);
    expect(inode).toMatch(/^\d+$/);
    expect((await pidfdInodes([own])).get(process.pid)).toBe(inode);
    for (const { tool, args } of PIDFD_SCRIPTS) {
      const run = spawnSync(tool, args, { input: `${process.pid}\n999999999\n`, encoding: "utf8" });
      if (run.error === undefined) expect(run.stdout).toBe(`${process.pid} ${inode}\n`);
    }
  });

  it("say nothing of a process that is gone or another one than was meant", async () => {
    const other = { ...own, startTick: own.startTick + 1 };
    expect(await pidfdInodes([other, { pid: 999_999_999, startTick: 1 }])).toEqual(new Map());
    expect(await pidfdInodes([])).toEqual(new Map());
  });

  it("stand on the rows that were asked for", async () => {
    const row = {
      ...{ ...own, cellPid: 1, ppid: 0, startedAt: "", uid: 0, comm: "", exe: "", cmdline: [], cgroup: "" },
      ...{ netns: "", pidns: "", stable: true },
    };
    const parent = { ...row, pid: process.ppid, startTick: startTickOf(process.ppid) ?? 0 };
    const picture = {
      bootId: "boot",
      takenAt: "",
      tookMs: 0,
      processes: [row, parent],
      listeners: [],
      unstable: 0,
      cut: 0,
    };
    const marked = snapshotSchema.parse(await withPidfds(picture, [own]));
    expect(marked.processes.map((p) => p.pidfdInode !== undefined)).toEqual([kernelHas, false]);
  });

  const named = forges
    ? "differ for two processes with one forged pid"
    : "(no ns_last_pid or no pidfs here) differ for forged pids";
  it.skipIf(!forges)(named, async () => {
    const forger = spawn(
      "unshare",
      ["-Ur", "--pid", "--fork", "--mount-proc", "--kill-child", "bash", "-c", FORGER],
      {
        stdio: ["pipe", "pipe", "inherit"],
      },
    );
    stop = () => forger.kill("SIGKILL");
    const lines = createInterface({ input: forger.stdout })[Symbol.asyncIterator]();
    const seen: { pid: number; startTick: number; cellPid: string; inode: string | undefined }[] = [];
    while (seen.length < 2) {
      forger.stdin.write("\n");
      const cellPid = String((await lines.next()).value);
      const bash = childOf(forger.pid ?? 0);
      const pid = childOf(bash);
      const key = { pid, startTick: startTickOf(pid) ?? 0 };
      seen.push({ ...key, cellPid, inode: (await pidfdInodes([key])).get(pid) });
      forger.stdin.write("\n");
    }
    const [first, second] = seen;
    expect([first?.cellPid, second?.cellPid]).toEqual(["41", "41"]);
    expect(first?.inode).toBeDefined();
    expect(second?.inode).toBeDefined();
    expect(first?.inode).not.toBe(second?.inode);
    // With all else forged, that is what tells them apart.
    const forged = { bootId: "boot", pid: 41, startTick: 7 };
    expect(
      sameProcess({ ...forged, pidfdInode: first?.inode }, { ...forged, pidfdInode: second?.inode }),
    ).toBe(false);
  });
});

const childOf = (pid: number) =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0]);
