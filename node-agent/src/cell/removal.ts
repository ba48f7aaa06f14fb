import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { terminalLine, type CellProof } from "@redline/shared";
import { removeCellFiles } from "./cell-files.ts";
import type { CellTools } from "./cell-tools.ts";
import { removeGuard } from "./guard-link.ts";
import { NETNS_FOLDER, removalBatch, type LinkPlan } from "./link-plan.ts";
import { emptyNamespaces, membersOf, type NamespaceIds } from "./namespaces.ts";
import { runTool } from "./run-tool.ts";

export interface Remains {
  readonly plan: LinkPlan;
  /** Held by the caller until the proof is there. Empty when nothing was started. */
  readonly ids: NamespaceIds;
  readonly stateDir?: string;
}

/**
 * Removes what is left of a cell and proves it: kills every process in its namespaces until none is found, then takes
 * away link, guard and files, then looks. Safe on a cell of which any part is already gone; never rejects.
 */
export async function removeCell(tools: CellTools, { plan, ids, stateDir }: Remains): Promise<CellProof> {
  const started = performance.now();
  const left: string[] = [];
  await emptyNamespaces(ids);
  const survivors = membersOf(ids);
  for (const { pid, name } of survivors) left.push(`process ${pid} ${terminalLine(name, 20)}`);

  // Before the guard: while the link is there, so is the wall.
  await attempt(left, () => runTool(tools.ip, ["-force", "-batch", "-"], { stdin: removalBatch(plan) }));
  await attempt(left, () => removeGuard(tools, plan));
  if (stateDir !== undefined) await attempt(left, () => removeCellFiles(stateDir));

  const mountPoints = await mountsUnder([
    join(NETNS_FOLDER, plan.netns),
    ...(stateDir === undefined ? [] : [stateDir]),
  ]);
  const namespaces = mountPoints.filter((path) => path.startsWith(NETNS_FOLDER));
  const interfaces = (await interfaceNames()).filter((name) => name === plan.hostInterface);
  const listeners = await listenersOn(plan.hostAddress);
  left.push(
    ...mountPoints.map((path) => `mount ${path}`),
    ...interfaces.map((name) => `interface ${name}`),
    ...listeners.map((port) => `listener ${plan.hostAddress}:${port}`),
  );
  const counts = {
    processes: survivors.length,
    namespaces: namespaces.length,
    interfaces: interfaces.length,
    mounts: mountPoints.length,
    listeners: listeners.length,
  };
  return {
    clean: left.length === 0,
    ...counts,
    tookMs: Math.round(performance.now() - started),
    left: left.slice(0, 20).map((text) => text.slice(0, 300)),
  };
}

async function attempt(left: string[], step: () => Promise<unknown>): Promise<void> {
  try {
    await step();
  } catch (error) {
    left.push(`removal: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function mountsUnder(paths: readonly string[]): Promise<string[]> {
  const table = await readFile("/proc/self/mountinfo", "utf8");
  const points = table.split("\n").map((line) => line.split(" ")[4] ?? "");
  return points.filter((point) => paths.some((path) => point === path || point.startsWith(`${path}/`)));
}

/** Names of the network interfaces of the daemon's own network namespace. */
export async function interfaceNames(): Promise<string[]> {
  const table = await readFile("/proc/self/net/dev", "utf8");
  return table.split("\n").flatMap((line) => /^\s*([^\s:]+):/.exec(line)?.[1] ?? []);
}

/** Ports with a TCP listener bound to this IPv4 address itself. */
async function listenersOn(address: string): Promise<number[]> {
  const table = await readFile("/proc/self/net/tcp", "utf8");
  const hex = Buffer.from(address.split(".").map(Number)).reverse().toString("hex").toUpperCase();
  return table.split("\n").flatMap((line) => {
    const [, local = "", , state] = line.trim().split(/\s+/);
    const [host, port = ""] = local.split(":");
    return host === hex && state === "0A" ? [Number.parseInt(port, 16)] : [];
  });
}
