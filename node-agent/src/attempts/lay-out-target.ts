import { raiseWalls, type RaisedWalls } from "../limits/raise-walls.ts";
import type { Cell } from "../cell/cell.ts";
import { orFault } from "./attempt-fault.ts";
import type { PartContext } from "./device-part.ts";
import { layFiles } from "./lay-files.ts";
import { layObstacles } from "./lay-obstacles.ts";
import { sessionInto } from "./show-cell.ts";

const NO_WALLS: RaisedWalls = { fileBytes: null, few: null };

/**
 * What a scenario and a condition put into the target's cell before its road is there and before the pre-flight: files, obstacles, and
 * the walls, which hold from then on for every session.
 */
export async function layOutTarget(
  context: Pick<PartContext, "order" | "signal">,
  cell: Cell,
  privateKey: string,
): Promise<RaisedWalls> {
  const { order, signal } = context;
  const { files, obstacles } = order.scenario;
  const own = files.filter(({ device }) => device === "target");
  const walls = {
    readOnly: order.condition.home === "read-only",
    fewProcesses: order.condition.processes === "none",
  };
  if (own.length === 0 && obstacles.length === 0 && !walls.readOnly && !walls.fewProcesses) return NO_WALLS;
  {
    await using session = await sessionInto(cell, privateKey, signal);
    await layFiles(session, own, signal);
    await layObstacles(session, obstacles, signal);
  }
  return orFault("cell-failed", () => raiseWalls(cell, walls));
}
