import { spawnSync } from "node:child_process";

/** Whether a program is at hand; tests that need it skip with its name. */
export const has = (program: string): boolean =>
  spawnSync(program, ["--version"], { encoding: "utf8" }).error === undefined;
