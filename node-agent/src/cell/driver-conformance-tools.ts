import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { SshSession } from "../ssh/ssh-session.ts";
import type { Cell, CellSpec } from "./cell.ts";
import type { DriverBench } from "./driver-bench.ts";

/** For liveness only: what is promised comes much sooner. */
export const LONG_MS = 60_000;

export function need(good: boolean, otherwise: string): asserts good {
  if (!good) throw new Error(otherwise);
}

export function needEqual(actual: unknown, expected: unknown, what: string): void {
  const [a, e] = [JSON.stringify(actual), JSON.stringify(expected)];
  need(a === e, `${what}: ${a} instead of ${e}`);
}

export const never = (): AbortSignal => new AbortController().signal;

/** The code of the error that the work must fail with. */
export async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
  return "no error";
}

export async function until(done: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const started = performance.now();
  while (!(await done())) {
    need(performance.now() - started < LONG_MS, `${what}: not within ${LONG_MS} ms`);
    await delay(5);
  }
}

/** Pids, zombies too, in a PID namespace. */
export function pidsIn(pidns: string): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && namespaceOf(pid) === `pid:[${pidns}]`);
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

/** A field of `/proc/PID/status`; "" when the process is gone. */
export function statusOf(pid: number, name: string): string {
  try {
    const text = readFileSync(`/proc/${pid}/status`, "utf8");
    return new RegExp(`^${name}:\\s*(.*)$`, "m").exec(text)?.[1] ?? "";
  } catch {
    return "";
  }
}

/** A command that must succeed; its output without the last newline. */
export async function output(session: SshSession, command: string): Promise<string> {
  const result = await session.exec(command, { timeoutMs: LONG_MS });
  need(result.code === 0, `${command}: ${result.end} ${String(result.code)} ${result.stderr}`);
  return result.stdout.trimEnd();
}

export const succeeds = async (session: SshSession, command: string) =>
  (await session.exec(command, { timeoutMs: LONG_MS })).code === 0;

/** One cell in slot 0 with one session; both are gone after `use`, and the cell's proof is clean. */
export async function withCell(
  bench: DriverBench,
  more: Partial<CellSpec>,
  use: (session: SshSession, cell: Cell) => Promise<void>,
): Promise<void> {
  await using cell = await bench.driver.build(bench.spec(0, more), never());
  {
    await using session = await bench.connect(cell);
    await use(session, cell);
  }
  await needClean(cell);
}

export async function needClean(cell: Cell): Promise<void> {
  const proof = await cell.destroy();
  need(proof.clean, `not clean: ${proof.left.join(", ")}`);
  needEqual(pidsIn(cell.pidns), [], "processes");
}
