import { realpathSync } from "node:fs";
import { basename, join } from "node:path";
import type { Obstacle } from "@redline/shared";
import type { Bind } from "../cell/cell.ts";
import { AttemptFault } from "./attempt-fault.ts";

const FOLDERS = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];
/** One program under many names: without it none of them is left. */
const MANY_IN_ONE: ReadonlySet<string> = new Set(["busybox", "coreutils", "toybox"]);

/**
 * Mounts that make programs of the system impossible to run in a cell: a file that nobody may execute lies over each. A copy under
 * another name, or another program that does the same, still runs.
 * @param ofThisHost the cell shows this host's own system, and not an image's.
 * @throws AttemptFault cannot-be-held where a name is one of many of the same program.
 */
export function maskedTools(obstacles: readonly Obstacle[], ofThisHost: boolean): Bind[] {
  const names = obstacles.flatMap((one) => (one.kind === "missing-tools" ? one.tools : []));
  const paths = names.flatMap((name) => FOLDERS.map((folder) => join(folder, name)));
  // A link cannot be covered, only what it leads to. In an image its runtime follows the link.
  const covered = ofThisHost ? paths.flatMap(resolved) : paths.filter((path) => path.startsWith("/usr/"));
  return [...new Set(covered)].map((to) => {
    if (MANY_IN_ONE.has(basename(to)))
      throw new AttemptFault("cannot-be-held", `missing-tools: here they are all names of ${to}`);
    return { from: "/dev/null", to };
  });
}

/** Nothing where there is no such program, or where no cell sees it. */
function resolved(path: string): string[] {
  try {
    const real = realpathSync(path);
    return real.startsWith("/usr/local/") || !/^\/(usr|bin|sbin)\//.test(real) ? [] : [real];
  } catch {
    return [];
  }
}
