import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ProcessRow } from "@redline/shared";
import { afterEach, describe, expect, it } from "vitest";
import { agentCode } from "./agent-code.ts";
import { startTickOf } from "./task-states.ts";

const CODE = `console.log("up"); setInterval(() => {}, 1000);\n`;
const DIGEST = createHash("sha256").update(CODE).digest("hex");
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** A process that runs a script, and its row. */
async function running(env: Readonly<Record<string, string>> = {}) {
  const folder = await mkdtemp(join(tmpdir(), "redline-agent-code-"));
  const script = join(folder, "agent.mjs");
  await writeFile(script, CODE);
  await writeFile(join(folder, "right.mjs"), CODE);
  // Beyond the step in which times of files and starts of processes are counted.
  await delay(100);
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "ignore"],
  });
  ends.push(async () => {
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
    await rm(folder, { recursive: true });
  });
  await once(child.stdout, "data");
  const pid = child.pid ?? -1;
  const row: ProcessRow = {
    ...{
      bootId: "b",
      pid,
      cellPid: pid,
      ppid: process.pid,
      startTick: startTickOf(pid) ?? -1,
      startedAt: "",
    },
    ...{
      uid: 0,
      comm: "node",
      exe: process.execPath,
      cmdline: ["node", script],
      cgroup: "/",
      netns: "",
      pidns: "",
    },
    stable: true,
  };
  return { row, script, folder };
}

describe("the code of an agent's process", () => {
  it("is its script by digest", async () => {
    const { row } = await running();
    expect(await agentCode(row, "")).toMatchObject({ sha256: DIGEST });
  });

  it("is not known where the script was put at its path after the process began", async () => {
    const { row, script, folder } = await running();
    // Both made in good time: only its place is new.
    await delay(100);
    await rename(join(folder, "right.mjs"), script);
    const { sha256, why } = await agentCode(row, "");
    expect([sha256, why]).toEqual(["", expect.stringContaining("after the process began")]);
  });

  it("is not known where a link to the right file was put there", async () => {
    const { row, script, folder } = await running();
    await delay(100);
    await rename(script, join(folder, "what-runs.mjs"));
    await symlink("right.mjs", script);
    const { why } = await agentCode(row, "");
    expect(why).toContain("after the process began");
  });

  it("is not known where the environment loads other code first", async () => {
    const { row } = await running({ NODE_OPTIONS: "--import data:text/javascript,1" });
    const { sha256, why } = await agentCode(row, "");
    expect([sha256, why]).toEqual(["", expect.stringContaining("code by the environment: NODE_OPTIONS")]);
  });
});
