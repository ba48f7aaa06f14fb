import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openJournal } from "@redline/daemon";
import { nodeIdSchema } from "@redline/shared";
import { AgentProcess } from "../../../node-agent/dist/attempts/agent-process.js";
import { Lifelines } from "../../../node-agent/dist/attempts/lifelines.js";
import { runAgent } from "../../../node-agent/dist/attempts/run-agent.js";
import { createBwrapDriver } from "../../../node-agent/dist/cell/bwrap-driver.js";
import type { Cell } from "../../../node-agent/dist/cell/cell.js";
import { createNodeLog, type UnchainedRecord } from "../../../node-agent/dist/journal/node-log.js";
import { allCpuMs } from "./all-cpu.ts";
import { buildLoopCell, SPECIMEN, type LoopCell } from "./loop-cells.ts";
import { heldMiB, TELLS_HELD } from "./loop-held.ts";
import { loopOrder } from "./loop-order.ts";
import { LoopTurns } from "./loop-turns.ts";

/**
 * Runs as root of its own lab namespace (see loop.ts): one daemon's parts and as many cells as trials, each with the real agent over SSH
 * and a brain that answers at once. Arguments: trials, turns. Prints JSON.
 */
const [trials = 1, turns = 100] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), "rl-loop-"));
chmodSync(folder, 0o711);
mkdirSync(join(folder, "s"), { mode: 0o711 });
const memory: {
  turns: number;
  agentMiB: number;
  agentHeldMiB: number;
  daemonMiB: number;
  daemonHeldMiB: number;
}[] = [];
let watched: Cell | null = null;
const looks = [100, Math.round(turns * 0.9)];
const counted = new LoopTurns((trial, done) => {
  const agent = trials > 1 || watched === null || !looks.includes(done) ? undefined : agentPid(watched);
  if (agent === undefined) return;
  const daemonMiB = process.memoryUsage.rss() / 1_048_576;
  memory.push({
    ...{ turns: done, daemonMiB, daemonHeldMiB: heldMiB() },
    ...{ agentMiB: residentMiB(agent), agentHeldMiB: Number.NaN },
  });
  process.kill(agent, TELLS_HELD.signal);
});
const { journal } = await openJournal<UnchainedRecord>(join(folder, "journal.jsonl"));
const log = createNodeLog({
  node: nodeIdSchema.parse("bench"),
  bootId: "bench",
  journal,
  onRecord: (_, record) => {
    counted.take(record, performance.now());
    const look = memory.at(-1);
    const held = record.body.kind === "agent-event" ? record.body.event[TELLS_HELD.event] : undefined;
    if (typeof held === "number" && look !== undefined) look.agentHeldMiB = held;
  },
  onFailure: (error) => {
    throw error;
  },
  now: () => new Date(),
  monoMs: () => performance.now(),
});
const driver = createBwrapDriver({ tools: (name) => name, cellsDir: folder });
const cells: LoopCell[] = [];
for (let slot = 0; slot < trials; slot += 1)
  cells.push(await buildLoopCell({ driver, order: loopOrder(slot, turns), slot, folder, log }));
watched = cells[0]?.cell ?? null;
const before = process.cpuUsage();
const allBefore = allCpuMs();
const ends = await Promise.allSettled(cells.map(run));
const { user, system } = process.cpuUsage(before);
const allMs = allCpuMs() - allBefore;
const journalBytes = readFileSync(join(folder, "journal.jsonl")).length;
for (const cell of cells) await cell[Symbol.asyncDispose]();
await journal.close();
rmSync(folder, { recursive: true });
for (const end of ends) if (end.status === "rejected") throw end.reason;
process.stdout.write(
  JSON.stringify({
    perSecond: counted.perSecond(),
    turns: counted.count,
    daemonCpuMsATurn: (user + system) / 1000 / counted.count,
    allCpuMsATurn: allMs / counted.count,
    journalBytesATurn: journalBytes / counted.count,
    memory,
  }),
);
process.exit(0);

async function run({ order, cell, session, broker }: LoopCell): Promise<void> {
  const { signal } = new AbortController();
  const context = { order, log, signal };
  await runAgent(context, {
    ...{ session, specimen: SPECIMEN, broker, lifelines: new Lifelines(cell, null) },
    process: new AgentProcess(cell),
    stopDueMs: () => null,
    onClock: () => undefined,
    endedItsChannel: () => Promise.resolve("ended"),
    endedItsBrain: () => false,
  });
}

/** Of the cell's agent program. */
function agentPid({ pidns }: Cell): number | undefined {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
    try {
      if (readlinkSync(`/proc/${pid}/ns/pid`) !== `pid:[${pidns}]`) continue;
      const [program = "", ...words] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      if (program.endsWith("node") && words.includes(SPECIMEN.agent)) return Number(pid);
    } catch {
      // It ended in between.
    }
  return undefined;
}

function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) / 1024;
}
