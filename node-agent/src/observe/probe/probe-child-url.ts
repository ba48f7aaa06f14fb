/** The built prober. A child runs plain JavaScript (Node 20): from a source tree take the build beside it. */
export const PROBE_CHILD_URL = import.meta.url.endsWith(".ts")
  ? new URL("../../../dist/observe/probe/probe-child.js", import.meta.url)
  : new URL("./probe-child.js", import.meta.url);
