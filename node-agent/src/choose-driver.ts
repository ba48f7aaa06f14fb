import { createBwrapDriver } from "./cell/bwrap-driver.ts";
import type { CellDriver } from "./cell/cell.ts";
import { createContainerDriver } from "./container/container-driver.ts";
import type { Settings } from "./settings.ts";

/** The driver that the settings name. @throws CellError when a tool, the engine or its image is missing. */
export function chooseDriver(
  settings: Settings,
  tools: (name: string) => string,
  cellsDir: string,
): CellDriver {
  const {
    REDLINE_CELL_DRIVER: engine,
    REDLINE_CELL_IMAGE: image,
    REDLINE_CELL_HEARTBEAT_MS: heartbeatMs,
  } = settings;
  if (engine === "bubblewrap" || image === undefined)
    return createBwrapDriver({ tools, cellsDir, heartbeatMs });
  return createContainerDriver({ engine, image, tools, cellsDir, heartbeatMs });
}
