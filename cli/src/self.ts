import { readFileSync } from "node:fs";
import { basename, relative } from "node:path";
import { z } from "zod";

/** How this command was called, so that what it tells people to type works. */
export function callOf(script: string | undefined, cwd: string): string {
  if (script === undefined || basename(script) === "redline")
    return script?.includes("node_modules/.bin") === true ? "npx redline" : "redline";
  const path = relative(cwd, script);
  return `node ${path.startsWith("..") ? script : path}`;
}

export function ownVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
