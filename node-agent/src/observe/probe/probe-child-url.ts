import { builtScript } from "./built-script.ts";

/** The built prober. */
export const PROBE_CHILD_URL = builtScript(import.meta.url, "probe-child.js");
