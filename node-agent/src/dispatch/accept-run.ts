import type { RunOrder, SignedCommand } from "@redline/shared";
import type { NodeLog } from "../journal/node-log.ts";
import { attemptName } from "../journal/unfinished.ts";
import type { Registry, RunningPart } from "../attempts/registry.ts";

export interface RunStarter {
  /** Runs a whole attempt; must not reject. */
  run(order: RunOrder, signed: SignedCommand, part: RunningPart): Promise<void>;
}

export interface Accepting {
  readonly log: NodeLog;
  readonly registry: Registry;
  readonly accepted: Set<string>;
  readonly starter: RunStarter;
}

/**
 * `started`: journalled, then running. `known`: this attempt was accepted before, by this daemon or its
 * predecessor; it is never started twice. `busy`: no free slot, the command should come again later.
 */
export async function acceptRun(
  order: RunOrder,
  commandId: string,
  signed: SignedCommand,
  { log, registry, accepted, starter }: Accepting,
): Promise<"started" | "known" | "busy"> {
  const name = attemptName(order.key);
  if (accepted.has(name)) return "known";
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
  await log.write({ kind: "accepted", device: "origin", command: commandId }, order.key);
  go();
  return "started";
}
