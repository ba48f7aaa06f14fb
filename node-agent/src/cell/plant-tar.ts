import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Plant } from "./cell.ts";
import type { CellTools } from "./cell-tools.ts";
import { needTool } from "./run-tool.ts";

/** Packs the specimen without its weights for init to unpack. By descriptor: the cell has no second copy to look at. */
export async function packPlant(tools: CellTools, plant: Plant, stateDir: string): Promise<FileHandle> {
  const path = join(stateDir, "plant.tar");
  const excludes = plant.weights.map((weights) => `--exclude=./${weights}`);
  // 60 s: a specimen's code is small, but its disk may be slow.
  const args = ["-C", plant.from, "--anchored", "--no-wildcards", ...excludes, "-cf", path, "."];
  await needTool(tools.tar, args, { timeoutMs: 60_000 });
  return open(path, "r");
}
