import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { ProcessKey } from "@redline/shared";
import { afterEach, describe, expect, it } from "vitest";
import { createFreezer } from "./freezer.ts";
import { runTimeOf } from "./run-time.ts";
import { startTickOf, stateOf } from "./task-states.ts";

const never = new AbortController().signal;
const started: ChildProcess[] = [];

async function start(command: string, ...args: string[]): Promise<ProcessKey> {
  const child = spawn(command, args, { stdio: "ignore" });
  started.push(child);
  await once(child, "spawn");
  const pid = child.pid ?? 0;
  return { bootId: "boot", pid, startTick: startTickOf(pid) ?? 0 };
}
const busy = () => start("perl", "-e", "1 while 1");
const freeze = (...keys: ProcessKey[]) =>
  createFreezer({ ways: ["sigstop"] }).freeze(() => Promise.resolve(keys), never);

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

describe("a freeze by signal", () => {
  it("stops, counts, and lets go", async () => {
    const key = await busy();
    const frozen = await freeze(key);
    expect(frozen).toMatchObject({ how: "sigstop", processes: [key] });
    expect(stateOf(key)).toBe("still");
    const before = runTimeOf(key);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(runTimeOf(key)).toBe(before);
    expect(frozen.stayedStopped()).toBe(true);
    await frozen.thaw();
    await expect.poll(() => stateOf(key)).toBe("running");
    await expect.poll(() => runTimeOf(key)).not.toBe(before);
    // As it was while it lasted.
    expect(frozen.stayedStopped()).toBe(true);
  });

  it("finds out that a process ran for a moment and was stopped again", async () => {
    const key = await busy();
    const frozen = await freeze(key);
    const before = runTimeOf(key);
    process.kill(key.pid, "SIGCONT");
    await expect.poll(() => runTimeOf(key)).not.toBe(before);
    process.kill(key.pid, "SIGSTOP");
    await expect.poll(() => stateOf(key)).toBe("still");
    expect(frozen.stayedStopped()).toBe(false);
    await frozen.thaw();
    expect(frozen.stayedStopped()).toBe(false);
  });

  it("leaves stopped what somebody else had stopped", async () => {
    const key = await busy();
    process.kill(key.pid, "SIGSTOP");
    await expect.poll(() => stateOf(key)).toBe("still");
    const frozen = await freeze(key);
    await frozen.thaw();
    expect(stateOf(key)).toBe("still");
  });

  it("stops the threads of a process whose first thread has ended", async () => {
    const key = await start(
      "python3",
      "-c",
      "import threading, ctypes, time\ndef spin():\n  while True: pass\nthreading.Thread(target=spin).start()\ntime.sleep(0.1)\nctypes.CDLL(None).syscall(60, 0)",
    );
    await expect.poll(() => /\) Z /.test(readFileSync(`/proc/${key.pid}/stat`, "latin1"))).toBe(true);
    const frozen = await freeze(key);
    expect(frozen.processes).toEqual([key]);
    expect(frozen.stayedStopped()).toBe(true);
    await frozen.thaw();
    await expect.poll(() => stateOf(key)).toBe("running");
  });

  it("asks again until nothing new appears", async () => {
    const [first, late] = [await busy(), await busy()];
    let asked = 0;
    const frozen = await createFreezer({ ways: ["sigstop"] }).freeze(() => {
      asked += 1;
      return Promise.resolve(asked < 3 ? [first] : [first, late]);
    }, never);
    expect(frozen.processes).toEqual([first, late]);
    await frozen.thaw();
  });

  it("leaves nothing stopped when it gives up, is aborted, or must refuse", async () => {
    const key = await busy();
    const freezer = createFreezer({ ways: ["sigstop"], timeoutMs: 300 });
    const endless = async () => {
      const more = await busy();
      return [key, more];
    };
    await expect(freezer.freeze(endless, never)).rejects.toThrow(/could be stopped in time/);
    await expect.poll(() => stateOf(key)).toBe("running");
    const own = { ...key, pid: process.pid, startTick: startTickOf(process.pid) ?? 0 };
    await expect(freezer.freeze(() => Promise.resolve([key, own]), never)).rejects.toThrow(/itself/);
    expect(stateOf(key)).toBe("running");
    const control = new AbortController();
    const frozen = await freezer.freeze(() => Promise.resolve([key]), control.signal);
    control.abort();
    await expect.poll(() => stateOf(key)).toBe("running");
    expect(frozen.stayedStopped()).toBe(true);
  });
});
