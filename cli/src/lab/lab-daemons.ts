import { fileURLToPath } from "node:url";
import { labPath, manifestPath } from "./tools.ts";

/** A path beside this file, which stands two folders below its package in `src` and in `dist`. */
export const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The daemons are started as processes, by path: this package imports neither. */
export const coordinatorEntry = at("../../../coordinator/dist/main.js");
export const nodeAgentEntry = at("../../../node-agent/dist/main.js");
export const hostInit = at("../../lab/host-init.bash");
export const brainListenersEntry = at("../../dist/lab/brain-listeners.js");
export const labInitEntry = at("../../dist/lab/lab-init.js");

/** Environment of a lab part: nothing of the caller's but what programs need to run. */
export function daemonEnv(settings: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return {
    PATH: labPath(),
    HOME: "/nonexistent",
    LANG: "C.UTF-8",
    REDLINE_TOOLS: manifestPath,
    ...settings,
  };
}
