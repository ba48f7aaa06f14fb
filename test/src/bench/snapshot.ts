import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { startSleepers } from "./sleepers.ts";
import { spread, type Spread } from "./spread.ts";
import { createSnapshotter } from "../../../node-agent/dist/observe/snapshotter.js";

const run = promisify(execFile);

export interface SnapshotBench {
  readonly rounds: number;
  readonly processes: number;
  readonly listeners: number;
  /** Network namespaces: ours reads the tables of each, 4 to 7 ms where the kernel's are large; `ss` sees one. */
  readonly networks: number;
  /** Full snapshot of the host in the worker, as the daemon's main thread sees it. */
  readonly node: Spread;
  /** `ss -tlnpH`, then `ps -eo pid,ppid,lstart,args`. */
  readonly ssPs: Spread;
  /** node.median / ssPs.median; the goal is at most 1. */
  readonly ratio: number;
  /** Longest delay of the main thread's event loop while the worker was at it, milliseconds. */
  readonly loopDelayMaxMs: number;
  /** The same over as much idle time: what the timer and the machine add by themselves. */
  readonly loopDelayIdleMs: number;
}

/**
 * Both ways in one run, in turns, with `extraProcesses` sleepers (9 descriptors each, in a PID namespace as a cell's are) and
 * `extraListeners` sockets on top of what the machine has. Everything it starts is gone when it returns.
 */
export async function benchSnapshot({
  extraProcesses = 300,
  extraListeners = 40,
  rounds = 40,
} = {}): Promise<SnapshotBench> {
  await using _sleepers = await startSleepers(extraProcesses);
  const servers = await openListeners(extraListeners);
  await using snapshotter = createSnapshotter();
  try {
    const seen = await snapshotter.fullSnapshot();
    if (!seen.ok) throw new Error(seen.why);
    const node: number[] = [];
    const ssPs: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const nodeRound = async () => node.push(await timed(() => snapshotter.fullSnapshot()));
      const toolRound = async () => ssPs.push(await timed(ssAndPs));
      // The first of a pair finds colder caches: take turns.
      for (const step of round % 2 === 0 ? [nodeRound, toolRound] : [toolRound, nodeRound]) await step();
    }
    const busy = await loopDelay(async () => {
      for (let round = 0; round < rounds; round += 1) await snapshotter.fullSnapshot();
    });
    const idle = await loopDelay(() => delay(node.reduce((a, b) => a + b, 0)));
    return {
      rounds,
      processes: seen.snapshot.processes.length,
      listeners: seen.snapshot.listeners.length,
      networks: new Set(seen.snapshot.processes.map((p) => p.netns).filter(Boolean)).size,
      node: spread(node),
      ssPs: spread(ssPs),
      ratio: spread(node).median / spread(ssPs).median,
      loopDelayMaxMs: busy,
      loopDelayIdleMs: idle,
    };
  } finally {
    await Promise.all(servers.map(closed));
  }
}

/** Longest delay of this thread's event loop during `work`, milliseconds; starting tools in it would count too. */
async function loopDelay(work: () => Promise<unknown>): Promise<number> {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  await work();
  histogram.disable();
  return histogram.max / 1e6;
}

async function ssAndPs() {
  const options = { maxBuffer: 64 * 1024 * 1024 };
  await run("ss", ["-tlnpH"], options);
  await run("ps", ["-eo", "pid,ppid,lstart,args"], options);
}

async function openListeners(count: number): Promise<Server[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  return servers;
}

const closed = (server: Server) => new Promise<void>((resolve) => server.close(() => resolve()));

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
