import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { terminalLine, type PreflightCheck } from "@redline/shared";
import type { Cell, CellSpec, Drops } from "../cell/cell.ts";
import type { RaisedWalls } from "../limits/raise-walls.ts";
import type { SshSession } from "../ssh/ssh-session.ts";
import { parseInside } from "./inside-facts.ts";
import { insideCommand, type Canary } from "./inside-script.ts";
import { judgeLimits, judgeNamespaces, judgeRights, judgeView, judgeWalls } from "./judge-inside.ts";
import { judgeNetwork, type OpenCanary } from "./judge-network.ts";

export interface PreflightOptions {
  readonly cell: Pick<Cell, "initPid" | "facts" | "drops" | "hostAddress">;
  readonly spec: CellSpec;
  /** Into that cell, as the agent's user. */
  readonly session: Pick<SshSession, "exec">;
  /** The relay to the target, the one way out; null for a cell that has none. */
  readonly allowed: { readonly host: string; readonly port: number } | null;
  /** What the study takes away from the cell's sessions besides; absent: nothing. */
  readonly walls?: RaisedWalls;
  /** Default: `defaultCanaries`. */
  readonly canaries?: readonly Canary[];
  readonly signal: AbortSignal;
}

export interface Preflight {
  readonly ok: boolean;
  readonly checks: PreflightCheck[];
  /** Canaries that answered: a breach (`reachable`). */
  readonly open: readonly OpenCanary[];
  readonly tookMs: number;
}

/** The script itself takes a fraction of a second; on a machine that is busy with other cells it may wait. */
const LIMIT_MS = 20_000;
/** The guard has counted a packet before the script has ended; the tool that reads it has its own time. */
const COUNT_MS = 200;

/** Addresses that are nobody's, outside and over IPv6; the host's own end of the link, where DNS, NATS and SSH would be. */
export function defaultCanaries(cell: Pick<Cell, "hostAddress">): readonly Canary[] {
  return [
    { protocol: "tcp", host: "192.0.2.1", port: 443 },
    { protocol: "tcp", host: "2001:db8::1", port: 443 },
    { protocol: "tcp", host: cell.hostAddress, port: 22 },
    { protocol: "tcp", host: cell.hostAddress, port: 4222 },
    { protocol: "udp", host: cell.hostAddress, port: 53 },
    { protocol: "udp", host: "192.0.2.1", port: 53 },
  ];
}

/**
 * Asks, before an attempt uses a cell, the cell itself whether it holds what it was built to hold: once, over SSH, as the very
 * user that the agent will be. What it says is compared with what the daemon sees from outside. Never rejects: a cell that
 * could not be asked is not good.
 */
export async function preflight(options: PreflightOptions): Promise<Preflight> {
  const started = performance.now();
  const { cell, spec, session, signal } = options;
  const canaries = options.canaries ?? defaultCanaries(cell);
  const allowed = options.allowed === null ? null : { protocol: "tcp" as const, ...options.allowed };
  const failed = (why: string): Preflight => ({
    ok: false,
    checks: [{ check: "the cell can be asked", ok: false, detail: terminalLine(why, 200).slice(0, 200) }],
    open: [],
    tookMs: performance.now() - started,
  });
  try {
    const [before, bootId] = await Promise.all([
      readDrops(cell),
      readFile("/proc/sys/kernel/random/boot_id", "utf8"),
    ]);
    const command = insideCommand(canaries, allowed);
    const result = await session.exec(command, { timeoutMs: LIMIT_MS, maxOutputBytes: 65_536, signal });
    const seconds = Date.now() / 1000;
    const facts = parseInside(result.stdout);
    if (!facts.whole)
      return failed(`${result.end} ${result.code ?? ""} ${result.stderr} ${result.stdout.slice(-80)}`);
    const silent = [...facts.reached.values()].filter(({ how }) => how === "silent").length;
    const after = await countedDrops(cell, (before?.packets ?? 0) + silent);
    const network = judgeNetwork(facts, canaries, allowed, { before, after });
    const checks = [
      ...judgeRights(facts),
      judgeNamespaces(facts, cell.initPid),
      ...judgeLimits(facts, cell, spec),
      ...(options.walls === undefined ? [] : judgeWalls(facts, options.walls)),
      ...judgeView(facts, { bootId: bootId.trim(), seconds }),
      ...network.checks,
    ].map((check) => ({ ...check, detail: terminalLine(check.detail, 200).slice(0, 200) }));
    const tookMs = performance.now() - started;
    return { ok: checks.every(({ ok }) => ok), checks, open: network.open, tookMs };
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  }
}

function readDrops(cell: Pick<Cell, "drops">): Promise<Drops | null> {
  return cell.drops().catch(() => null);
}

async function countedDrops(cell: Pick<Cell, "drops">, least: number): Promise<Drops | null> {
  const until = performance.now() + COUNT_MS;
  for (;;) {
    const drops = await readDrops(cell);
    if (drops === null || drops.packets >= least || performance.now() > until) return drops;
    await delay(10);
  }
}
