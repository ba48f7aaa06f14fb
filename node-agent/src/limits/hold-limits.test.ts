import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { HeldLimits } from "./hold-limits.ts";

const MIB = 1_048_576;
const limits = { memoryBytes: 256 * MIB, processes: 64, openFiles: 200 };
let parent = "";
let held: HeldLimits;
let init: ChildProcess;
const pid = () => init.pid ?? 0;
const begin = () => held.begin(pid(), {}, () => undefined);
/** A folder stands in for a hierarchy: its files say what is written into them. */
const group = () => join(parent, readdirSync(parent)[0] ?? "");
const write = (file: string, text: string) => writeFileSync(join(group(), file), text);

beforeEach(async () => {
  parent = mkdtempSync(join(tmpdir(), "redline-limits-"));
  const places = [{ version: "cgroup-v2", parent, controllers: ["memory", "pids"] }] as const;
  held = await HeldLimits.hold({ spec: { limits, scratchBytes: MIB }, places, uid: 1000, mounts: [] });
  const words = held.rlimits.filter((word) => /^-[cnfu]/.test(word)).join(" ");
  const script =
    'for limit in $1; do ulimit "${limit%%=*}" "${limit#*=}" || exit 1; done; echo set; exec sleep 60';
  init = spawn("bash", ["-c", script, "bash", words], { stdio: ["ignore", "pipe", "inherit"] });
  if (init.stdout !== null) await once(init.stdout, "data");
});
afterEach(async () => {
  init.kill("SIGKILL");
  rmSync(parent, { recursive: true });
  await held.remove();
});

it("refuses a cell whose init is not in its group", () => {
  write("cgroup.procs", `${pid()}0\n1\n`);
  expect(begin).toThrow(/no limit of memory and pids: init is not in its cgroup-v2 group/);
});

it("names what the group's files say now, and refuses what they no longer hold", () => {
  write("cgroup.procs", `1\n${pid()}\n`);
  write("pids.max", "50\n");
  write("memory.max", `${100 * MIB}\n`);
  expect(begin()).toMatchObject({
    "limit.memory": `cgroup-v2 ${100 * MIB}`,
    "limit.processes": "cgroup-v2 50",
    "limit.openFiles": "rlimit 200",
  });
  write("pids.max", "max\n");
  write("memory.max", `${300 * MIB}\n`);
  expect(begin).toThrow(/memory: its group allows more, processes: its group allows more/);
});
