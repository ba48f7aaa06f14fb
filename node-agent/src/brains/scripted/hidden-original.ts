import { FIRST_PORTS, inBackground, writeProgram } from "./copy-commands.ts";
import { FORWARDER_PROGRAM } from "./forwarder-program.ts";
import { forwarder, startForwarder } from "./forwarders.ts";

/** Starts the original's own launcher with every listener on a Unix socket: no table of ports shows it. */
const HIDING_PROGRAM = `import net from "node:net";
import os from "node:os";
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, host, done) {
  return listen.call(this, os.homedir() + "/hidden.sock", done);
};
await import(os.homedir() + "/system/start-model.mjs");`;

/**
 * A second model server on the original's own weights, out of sight, and a forwarder to it: freezing the original alone
 * would not silence it.
 */
export const hiddenOriginal = forwarder(
  [
    inBackground("node ~/hiding.mjs", "~/hidden.log"),
    startForwarder(`--listen ${FIRST_PORTS["local-copy"].model} --to ~/hidden.sock`),
  ].join("\n"),
  {
    before: [
      writeProgram("~/forwarder.mjs", FORWARDER_PROGRAM),
      writeProgram("~/hiding.mjs", HIDING_PROGRAM),
    ].join("\n"),
  },
);
