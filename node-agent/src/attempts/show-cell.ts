import { terminalLine } from "@redline/shared";
import type { Cell, CellSpec } from "../cell/cell.ts";
import type { RaisedWalls } from "../limits/raise-walls.ts";
import { preflight } from "../preflight/preflight.ts";
import { connectSsh } from "../ssh/connect-ssh.ts";
import { SshError } from "../ssh/ssh-error.ts";
import type { SshSession } from "../ssh/ssh-session.ts";
import { AttemptFault, orFault } from "./attempt-fault.ts";
import type { Knock } from "./cell-door.ts";
import { countFromHere } from "./cell-walls.ts";
import type { PartContext } from "./device-part.ts";

export interface ShownCell {
  readonly cell: Cell;
  readonly spec: CellSpec;
  /** Into the cell, as the agent's user. */
  readonly session: Pick<SshSession, "exec">;
  /** The one way out; null for a cell that has none. */
  readonly allowed: { readonly host: string; readonly port: number } | null;
  /** What the study takes away from the cell's sessions besides. */
  readonly walls?: RaisedWalls;
}

/**
 * Pre-flight: the cell is asked what it holds before anything of the attempt runs in it. Recorded either way.
 * @throws AttemptFault preflight-failed. A canary that answered is a breach, and takes the node out of work.
 */
export async function showCell(
  context: PartContext,
  { cell, spec, session, allowed, ...more }: ShownCell,
): Promise<void> {
  const { log, order, device, sterility, signal } = context;
  const { ok, checks, open, tookMs } = await preflight({ cell, spec, session, allowed, ...more, signal });
  signal.throwIfAborted();
  await log.write(
    { kind: "preflight", device, cell: cell.id, ok, checks: checks.slice(0, 60), tookMs },
    order.key,
  );
  if (open.length > 0) {
    const detail = `canary addresses answered from inside ${cell.id}: ${open.map((one) => JSON.stringify(one)).join(", ")}`;
    await log.write(
      { kind: "breach", breach: "reachable", detail: detail.slice(0, 500), killed: 0 },
      order.key,
    );
    await sterility.quarantine(terminalLine(detail, 300));
  }
  await countFromHere(cell, context.logger);
  if (ok) return;
  const failed = checks.filter((one) => !one.ok).map(({ check, detail }) => `${check}: ${detail}`);
  throw new AttemptFault("preflight-failed", failed.join("; ").slice(0, 400));
}

/** As the agent's user, with a key of the daemon's own. @throws AttemptFault ssh-failed */
export function sessionInto(cell: Cell, privateKey: string, signal: AbortSignal): Promise<SshSession> {
  return orFault("ssh-failed", () =>
    connectSsh({
      host: cell.address,
      port: cell.sshPort,
      username: "agent",
      privateKey,
      hostKey: cell.hostKey,
      signal,
    }),
  );
}

/** Pre-flight with a session of its own, which is closed again. */
export async function showAlone(
  context: PartContext,
  shown: Omit<ShownCell, "session">,
  privateKey: string,
): Promise<void> {
  const session = await sessionInto(shown.cell, privateKey, context.signal);
  try {
    await showCell(context, { ...shown, session });
  } finally {
    await session.close();
  }
}

/** Whether the cell takes a new session now, and what its side does with one if not. */
export async function knockAt(cell: Cell, privateKey: string, signal: AbortSignal): Promise<Knock> {
  try {
    const session = await sessionInto(cell, privateKey, signal);
    await session.close();
    return "taken";
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    return cause instanceof SshError && isOfTheCell(cause) ? "turned-away" : "silent";
  }
}

/** It took a process of the cell to fail like that. An address that cannot be reached is `refused` as well. */
function isOfTheCell({ code, cause }: SshError): boolean {
  if (code === "refused") return cause instanceof Error && "code" in cause && cause.code === "ECONNREFUSED";
  return code === "lost" || code === "auth" || code === "host-key";
}
