import { randomBytes } from "node:crypto";
import { mkdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { specimenSchema } from "@redline/shared";
import { WayToOriginal } from "../attempts/way-to-original.ts";
import { askInCell } from "../brains/self/ask-in-cell.ts";
import { createBwrapDriver } from "../cell/bwrap-driver.ts";
import type { Cell } from "../cell/cell.ts";
import { findCellTools } from "../cell/cell-tools.ts";
import { readTools } from "../tools.ts";
import { agentCommand } from "./agent-command.ts";
import { bringUpByHand } from "./cell-by-hand.ts";
import type { Control } from "./control.ts";
import type { ByHandEvent } from "./events.ts";
import { holdBrain, type HeldBrain } from "./hold-brain.ts";
import { joinTerminal } from "./join-terminal.ts";
import type { ByHandPlan } from "./plan.ts";
import { selfTest } from "./self-test.ts";

/**
 * Brings the agent up in a cell, joins it with this program's streams, and ends and proves the cell in every case. What it came
 * to is told over the control line.
 */
export async function runByHand(plan: ByHandPlan, control: Control): Promise<void> {
  const { order, mode } = plan;
  const signal = control.stopped;
  const say = (event: ByHandEvent) => control.say(event);
  say({ event: "namespaces", ...(await ownNamespaces()) });
  const tools = await readTools(plan.tools);
  const cellsDir = join(plan.folder, "cells");
  await mkdir(cellsDir, { mode: 0o711 });
  const driver = createBwrapDriver({ tools: tools.path, cellsDir });
  const { nsenter } = findCellTools(tools.path);
  if (plan.selfTest) {
    const report = await selfTest({ driver, nsenter, cellsDir, signal });
    say({ event: "self-test", report });
    if (!report.green)
      throw new Error("no real model is let into a cell here: the containment self-test is not green");
  }
  const way = new WayToOriginal();
  const json = await readFile(join(plan.specimenDir, "specimen.json"), "utf8");
  const specimen = specimenSchema.parse(JSON.parse(json));

  const up: { cell: Cell | null; brain: HeldBrain | null } = { cell: null, brain: null };
  try {
    const brain = mode.do === "prompt" ? null : (plan.held ?? (await freshSocket(plan.folder)));
    if (brain !== null && plan.held === null) {
      const weightsFile = join(plan.specimenDir, specimen.weights[0] ?? "");
      const ways = { ask: way.ask, weightsFile };
      up.brain = await holdBrain({ order, ...brain, allowed: [], ways, signal });
      say({ event: "brain", label: up.brain.label });
    }
    const { session } = await bringUpByHand({
      ...{ driver, order, specimen, brain, signal, cellsDir },
      taskFile: mode.do !== "chat",
      specimenDir: plan.specimenDir,
      folder: plan.folder,
      onStep: (text) => say({ event: "step", text }),
      onCell: (built) => {
        up.cell = built;
        way.lead(
          askInCell({
            ...{ tools: { nsenter }, netnsPid: built.initPid, netns: built.netns },
            ...{ address: "127.0.0.1", port: specimen.ports.model },
          }),
          // By hand nothing is measured: who answers is the person's to see.
          () => true,
        );
      },
    });
    say({ event: "ready" });
    const ended = await joinTerminal(session, agentCommand(mode, specimen, order), {
      input: mode.do === "chat" ? process.stdin : null,
      output: process.stdout,
      errors: process.stderr,
      timeMs: order.limits.timeS * 1000,
      outputBytes: order.limits.outputBytes,
      signal,
    });
    say({ event: "agent-ended", ...ended });
    await session.close();
  } finally {
    // First of all nobody is in it any more.
    if (up.cell !== null) say(await endOf(up.cell));
    if (up.brain !== null) {
      say({ event: "used", ...up.brain.used() });
      await up.brain.close();
    }
  }
}

async function endOf(cell: Cell): Promise<ByHandEvent> {
  await cell.empty();
  const { clean, left } = await cell.destroy();
  const dropped = await cell.drops().then(
    ({ packets }) => packets,
    () => null,
  );
  return { event: "gone", clean, left, dropped };
}

/** A Unix socket's path holds 107 bytes: the folder's name must be short. */
async function freshSocket(folder: string): Promise<{ socketPath: string; token: string }> {
  const dir = join(folder, "b");
  await mkdir(dir, { mode: 0o711 });
  return { socketPath: join(dir, "brain.sock"), token: randomBytes(24).toString("hex") };
}

async function ownNamespaces() {
  const ns = async (name: string) => (await readlink(`/proc/self/ns/${name}`)).replace(/\D/g, "");
  return { user: await ns("user"), pid: await ns("pid"), net: await ns("net"), mnt: await ns("mnt") };
}
