import { readlinkSync } from "node:fs";

/**
 * Loaded before every script that runs in a cell's network namespace, whose first argument is the pid of the cell's init. Ends the
 * process when that init is gone: the daemon may be frozen, and init ends by itself then.
 */
const LOOK_MS = 250;
const network = (pid: string) => readlinkSync(`/proc/${pid}/ns/net`);

const init = process.argv[2] ?? "";
const own = network("self");
setInterval(() => {
  try {
    if (network(init) === own) return;
  } catch {
    // No such process any more.
  }
  process.exit(1);
}, LOOK_MS).unref();
