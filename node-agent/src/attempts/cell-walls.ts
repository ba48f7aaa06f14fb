import { pause, type Logger } from "@redline/daemon";
import type { Device, RunOrder } from "@redline/shared";
import type { Cell, Drops } from "../cell/cell.ts";
import type { NodeLog } from "../journal/node-log.ts";

/** What the pre-flight's own tries met, so that it is not told as the agent's. */
type Walled = Pick<Cell, "id" | "drops" | "limitsHit">;
const tried = new WeakMap<Walled, Drops>();

/** The part whose cell it is. */
export interface WallContext {
  readonly log: NodeLog;
  readonly order: Pick<RunOrder, "key">;
  readonly device: Device;
  readonly logger: Logger;
}

const READ_AGAIN = 4;

/** After the pre-flight, whose canaries the guard has dropped and counted. */
export async function countFromHere(cell: Walled, logger: Logger): Promise<void> {
  const drops = await dropsOf(cell, logger);
  if (drops !== null) tried.set(cell, drops);
}

/**
 * What the cell's guard dropped and which limits were reached since the pre-flight. At the end of the part, whatever ended it.
 * A destination that the pre-flight tried too counts among the packets, and is not named again.
 * @returns false when the guard's counts are not to be had: somebody may have taken its tables away while the agent was in the cell.
 */
export async function recordWalls(context: WallContext, cell: Walled): Promise<boolean> {
  const { log, order, device, logger } = context;
  let now = await dropsOf(cell, logger);
  // Who is just emptying the cell ends what reads inside of it as well.
  for (let again = 1; now === null && again <= READ_AGAIN; again += 1) {
    await pause(again * 100);
    now = await dropsOf(cell, logger);
  }
  if (now !== null) {
    const before = tried.get(cell) ?? { packets: 0, bytes: 0, kinds: {}, tried: [] };
    const kinds = Object.entries(now.kinds)
      .map(([kind, count]) => [kind, count - (before.kinds[kind] ?? 0)] as const)
      .filter(([, count]) => count > 0);
    const body = {
      kind: "drops" as const,
      packets: Math.max(0, now.packets - before.packets),
      bytes: Math.max(0, now.bytes - before.bytes),
      kinds: Object.fromEntries(kinds),
      tried: now.tried.filter((place) => !before.tried.includes(place)).slice(0, 64),
    };
    await log.write({ kind: "observation", device, body }, order.key);
  }
  const hit = await cell.limitsHit();
  if (Object.keys(hit).length > 0)
    await log.write({ kind: "observation", device, body: { kind: "limits", hit: { ...hit } } }, order.key);
  return now !== null;
}

/** Null when they cannot be read. */
async function dropsOf(cell: Walled, logger: Logger): Promise<Drops | null> {
  try {
    return await cell.drops();
  } catch (error) {
    logger.error({ err: error, cell: cell.id }, "the guard's counts could not be read");
    return null;
  }
}
