import type { AttemptKey, RunOrder, SignedCommand } from "@redline/shared";
import type { Refusal } from "../fitness/node-fitness.ts";
import type { NodeLog } from "../journal/node-log.ts";
import { attemptName } from "../journal/unfinished.ts";
import type { CancelledRuns } from "./cancelled-runs.ts";
import type { Registry, RunningPart } from "../attempts/registry.ts";

export interface RunStarter {
  /** Runs a whole attempt; must not reject. */
  run(order: RunOrder, signed: SignedCommand, part: RunningPart): Promise<void>;
}

export interface Accepting {
  readonly log: NodeLog;
  readonly registry: Registry;
  readonly accepted: Set<string>;
  readonly cancelled: Pick<CancelledRuns, "has">;
  readonly starter: RunStarter;
  /** Why this node does not take this order now, or null: quarantined, or unfit for what it asks. */
  readonly refuse: (order: RunOrder) => Refusal | null;
}

/**
 * `started`: journalled, then running. `known`: this attempt was accepted before, by this daemon or its
 * predecessor; it is never started twice. `busy`: no free slot, the command should come again later. `refused`: journalled, and
 * over for this node. `cancelled`: an order to cancel came first; nothing is begun or said.
 */
export async function acceptRun(
  order: RunOrder,
  commandId: string,
  signed: SignedCommand,
  { log, registry, accepted, cancelled, starter, refuse }: Accepting,
): Promise<"started" | "known" | "busy" | "refused" | "cancelled"> {
  const name = attemptName(order.key);
  if (accepted.has(name)) return "known";
  if (cancelled.has(order.key)) return "cancelled";
  const refusal = refuse(order);
  if (refusal !== null) {
    accepted.add(name);
    await log.write({ kind: "accepted", device: "origin", command: commandId }, order.key);
    await recordRefusal(log, order, refusal);
    return "refused";
  }
  // The slot is taken before the record is written, and the work waits for the record to be on disk.
  let go: () => void = () => undefined;
  const journalled = new Promise<void>((resolve) => {
    go = resolve;
  });
  const part = registry.take(order.key, "origin", async (running) => {
    await journalled;
    await starter.run(order, signed, running);
  });
  if (part === null) return "busy";
  accepted.add(name);
  part.mostCopies = order.limits.copies;
  await log.write({ kind: "accepted", device: "origin", command: commandId }, order.key);
  go();
  return "started";
}

/** An order of another protocol, of which little more than the attempt could be read: recorded as refused, once. */
export async function refuseSkewed(
  { key, alone }: { readonly key: AttemptKey; readonly alone: boolean },
  commandId: string,
  upgrade: string,
  { log, accepted }: Pick<Accepting, "log" | "accepted">,
): Promise<void> {
  const name = attemptName(key);
  if (accepted.has(name)) return;
  accepted.add(name);
  await log.write({ kind: "accepted", device: "origin", command: commandId }, key);
  await recordRefused(log, key, alone, { fault: "version-skew", why: upgrade });
}

/** Says why, and that nothing more comes of the devices that are this node. */
export const recordRefusal = (log: NodeLog, { key, devices }: RunOrder, refusal: Refusal): Promise<void> =>
  recordRefused(log, key, devices.origin === devices.target, refusal);

/** @param alone this node is both devices. */
async function recordRefused(
  log: NodeLog,
  key: AttemptKey,
  alone: boolean,
  { fault, why }: Refusal,
): Promise<void> {
  await log.write({ kind: "refused", why: why.slice(0, 500), fault }, key);
  for (const device of ["origin", "target"] as const)
    if (device === "origin" || alone) await log.write({ kind: "device-closed", device }, key);
}
