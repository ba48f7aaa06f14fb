#!/usr/bin/env node
import { loadLab } from "./lab-port.ts";
import { EXIT } from "./exit-codes.ts";
import { runCli } from "./run-cli.ts";
import { packageVersion } from "@redline/daemon";
import { callOf } from "./self.ts";
import { createOutput } from "./terminal/output.ts";

const argv = process.argv.slice(2);
// Decided before anything is parsed, so that usage errors follow it too.
const colour = !argv.includes("--no-color");
const out = createOutput(process.stdout, process.env, colour);
const err = createOutput(process.stderr, process.env, colour);
const code = await runCli(argv, {
  terminal: { out, err, liveStream: process.stderr },
  cwd: process.cwd(),
  env: process.env,
  self: callOf(process.argv[1], process.cwd()),
  version: packageVersion(import.meta.url),
  signals: process,
  loadLab,
  exit: (now) => process.exit(now),
});
// Whatever a lab or a socket left open must not keep the command alive; its output is written first.
process.stdout.write("", () => {
  // A failed write is told to the stream's listeners after its callback.
  setImmediate(() => {
    if (out.failure !== null) err.line(`error: the output could not be written: ${out.failure.message}`);
    process.exit(out.failure === null ? code : code || EXIT.unexpected);
  });
});
