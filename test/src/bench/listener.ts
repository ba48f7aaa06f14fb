import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readlinkSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import {
  countSockets,
  lookAtListeners,
  sweepListeners,
} from "../../../node-agent/dist/observe/listener-sweep.js";
import { spread, type Spread } from "./spread.ts";

const run = promisify(execFile);

export interface ListenerBench {
  readonly rounds: number;
  readonly everyMs: number;
  readonly glanceMs: number;
  /** From the end of `listen` in the cell to the report, by the sweep and by `ss -tlnH` in a loop with pauses of `glanceMs`. */
  readonly ours: Spread;
  readonly ss: Spread;
  /** CPU time of this process for one look and one glance, and wall time, ms, by the number of sockets in the cell. */
  readonly costs: readonly { readonly sockets: number; readonly look: Cost; readonly glance: Cost }[];
}

export interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Opens listeners at random times after it is told to, and says when, by the monotonic clock that all processes share. `hold N` opens N more for good. */
const OPENER = `
const { createServer } = require("node:net");
const now = () => Number(process.hrtime.bigint()) / 1e6;
const held = [];
let open = null;
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const [what, count] = line.split(" ");
  if (what === "hold") {
    let left = Number(count);
    for (let i = left; i > 0; i -= 1) held.push(createServer().listen(0, "127.0.0.1", () => --left === 0 && console.log("held")));
    return;
  }
  if (what === "close") return open.close();
  setTimeout(() => {
    const server = open = createServer().listen(0, "127.0.0.1", () => {
      console.log(server.address().port + " " + now());
    });
  }, Math.random() * 200);
});
console.log("up");
`;

/**
 * Listener-to-reported latency in a network namespace of its own, beside \`ss\` polling, both over the very same listeners; and what a look
 * costs. Needs unshare and ss, as any user. All it starts is gone when it returns.
 */
export async function benchListener({
  rounds = 100,
  everyMs = 500,
  glanceMs = 50,
} = {}): Promise<ListenerBench> {
  const cell = spawn(
    "unshare",
    [
      "-Urn",
      "--pid",
      "--fork",
      "--mount-proc",
      "--kill-child",
      "sh",
      "-c",
      `ip link set lo up && exec "$0" -e "$1"`,
      process.execPath,
      OPENER,
    ],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const end = new AbortController();
  try {
    const lines = createInterface({ input: cell.stdout })[Symbol.asyncIterator]();
    const line = async () => String((await lines.next()).value);
    await line();
    const initPid = childOf(cell);
    const inode = (kind: string) => readlinkSync(`/proc/${initPid}/ns/${kind}`).slice(5, -1);
    const scope = { initPid, netns: inode("net"), pidns: inode("pid") };

    const seen = { ours: new Map<number, number>(), ss: new Map<number, number>() };
    const first = (at: Map<number, number>, port: number) => at.has(port) || at.set(port, performance.now());
    const sweeping = (async () => {
      for await (const { appeared } of sweepListeners({
        scope,
        everyMs,
        glanceMs,
        known: [],
        signal: end.signal,
      }))
        for (const { port } of appeared) first(seen.ours, port);
    })();
    const polling = (async () => {
      while (!end.signal.aborted) {
        for (const port of await ssPorts(initPid)) first(seen.ss, port);
        await delay(glanceMs);
      }
    })();
    const ours: number[] = [];
    const ss: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      seen.ours.clear();
      seen.ss.clear();
      cell.stdin.write("open\n");
      const [port = 0, opened = 0] = (await line()).split(" ").map(Number);
      // hrtime's zero is the machine's; performance.now's is this process's start.
      const openedAt = opened - (Number(process.hrtime.bigint()) / 1e6 - performance.now());
      ours.push((await reported(seen.ours, port)) - openedAt);
      ss.push((await reported(seen.ss, port)) - openedAt);
      cell.stdin.write("close\n");
      // Its end is seen too before the next one comes.
      await delay(2 * glanceMs);
    }
    end.abort();
    await Promise.all([sweeping, polling]);
    const costs = [];
    for (const more of [10, 990]) {
      cell.stdin.write(`hold ${more}\n`);
      await line();
      costs.push({
        sockets: more === 10 ? 10 : 1000,
        look: await costOf(() => lookAtListeners(scope)),
        glance: await costOf(() => countSockets(initPid)),
      });
    }
    return { rounds, everyMs, glanceMs, ours: spread(ours), ss: spread(ss), costs };
  } finally {
    end.abort();
    const closed = once(cell, "close");
    cell.kill("SIGKILL");
    await closed;
  }
}

async function ssPorts(initPid: number): Promise<number[]> {
  const { stdout } = await run("nsenter", [
    `--user=/proc/${initPid}/ns/user`,
    "--preserve-credentials",
    `--net=/proc/${initPid}/ns/net`,
    "ss",
    "-tlnH",
  ]);
  return stdout
    .split("\n")
    .flatMap((line) => /:(\d+)\s+\S+\s*$/.exec(line)?.[1] ?? [])
    .map(Number);
}

/** When a port was first seen; a sweep that never tells it is a failure of the benchmark. */
async function reported(at: ReadonlyMap<number, number>, port: number): Promise<number> {
  const limit = performance.now() + 5_000;
  while (performance.now() < limit) {
    const time = at.get(port);
    if (time !== undefined) return time;
    await delay(1);
  }
  throw new Error(`port ${port} was not reported within 5 s`);
}

async function costOf(work: () => Promise<unknown>, times = 200): Promise<Cost> {
  const before = process.cpuUsage();
  const started = performance.now();
  for (let i = 0; i < times; i += 1) await work();
  const { user, system } = process.cpuUsage(before);
  return { wallMs: (performance.now() - started) / times, cpuMs: (user + system) / 1000 / times };
}

function childOf({ pid = 0 }: ChildProcess): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim());
}
