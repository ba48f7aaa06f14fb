import { spawnSync } from "node:child_process";
import { constants } from "node:os";

/**
 * Runs a program to its end and keeps its output.
 *
 * Synchronous on purpose: setup does one thing at a time, and a Ctrl-C goes to the child, after
 * which the `finally` blocks of the caller still run (see `holdSignals`).
 *
 * @returns {{ ok: boolean, output: string }} output: stdout and stderr, trimmed
 */
export function runProgram(program, args, options = {}) {
  const result = spawnSync(program, args, {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    stdio: ["ignore", "pipe", "pipe"],
    ...options,
    // Messages are parsed: a translated one would not match.
    env: { ...process.env, LC_ALL: "C", ...options.env },
  });
  const output = `${result.stdout ?? ""}${result.stderr ?? ""}${result.error?.message ?? ""}`.trim();
  return { ok: result.status === 0, output };
}

/** The lines of a package manager's output that say why it failed; else its last lines. */
export function reasonLines(output) {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const errors = lines.filter((line) => /^(E|W|Err|error)\b/i.test(line));
  return (errors.length > 0 ? errors : lines)
    .slice(-4)
    .map((line) => `    ${line}`)
    .join("\n");
}

let held = false;

/**
 * Runs `work`, which is synchronous, to its end even when SIGINT, SIGTERM or SIGHUP comes meanwhile,
 * so that it can tidy up. The signal then ends this process at the next turn of the event loop.
 */
export function holdSignals(work) {
  if (!held) {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
      process.on(signal, () => process.exit(128 + constants.signals[signal]));
    }
    held = true;
  }
  return work();
}
