import { basename, relative } from "node:path";

/** How this command was called, so that what it tells people to type works. */
export function callOf(script: string | undefined, cwd: string): string {
  if (script === undefined || basename(script) === "redline")
    return script?.includes("node_modules/.bin") === true ? "npx redline" : "redline";
  const path = relative(cwd, script);
  return `node ${path.startsWith("..") ? script : path}`;
}
