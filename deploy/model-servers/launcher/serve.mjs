// @ts-check
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { waitUntilReady } from "./health.mjs";
import { EXIT, LaunchError, oneLine } from "./launch-error.mjs";
import { findProgram, portTaken } from "./machine.mjs";

const PASSED_ON = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
/** Time to end after a signal of the launcher's own, before it is killed. */
const END_MS = 20_000;

/**
 * Starts the server, waits until it answers, tells `onReady`, and stays until it ends. Signals are passed on; a second one kills.
 * Its output goes to stderr, so that stdout has the launcher's lines alone.
 * @param {import("./kinds.mjs").Plan} plan @param {{host: string, port: number, waitS: number}} options
 * @param {(seconds: number) => void} onReady @returns {Promise<number>} exit code
 */
export async function serve(plan, { host, port, waitS }, onReady) {
  const taken = await portTaken(host, port);
  // Another server's answers would pass for this one's.
  if (taken !== null) throw new LaunchError(EXIT.checkFailed, `${host}:${port} cannot be had: ${taken}`);
  const program = await findProgram(plan.program);
  if (program === null) throw new LaunchError(EXIT.checkFailed, `${plan.program} is not on PATH: install it`);
  const started = performance.now();
  // A process group of its own, so that workers which outlive their server can be ended with it.
  const child = spawn(program, plan.args, {
    stdio: ["ignore", 2, 2],
    detached: true,
    env: { ...process.env, ...plan.env },
  });
  /** @type {{code: number | null, signal: NodeJS.Signals | null, error: Error | null} | null} */
  let end = null;
  const ended = new Promise((/** @type {(value: void) => void} */ resolve) => {
    child.once("error", (error) => resolve(void (end ??= { code: null, signal: null, error })));
    child.once("exit", (code, signal) => resolve(void (end ??= { code, signal, error: null })));
  });
  const killGroup = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // The group is gone.
    }
  };
  let asked = 0;
  const pass = (/** @type {NodeJS.Signals} */ signal) => {
    asked += 1;
    if (asked > 1) killGroup();
    else child.kill(signal);
  };
  for (const signal of PASSED_ON) process.on(signal, pass);
  try {
    const missing = await Promise.race([
      waitUntilReady(plan.ready, waitS, () => end !== null || asked > 0),
      ended,
    ]);
    if (end === null && missing === null) onReady((performance.now() - started) / 1000);
    else if (asked === 0) {
      // Before it is ended: that end is the launcher's doing.
      const why = whyNot(plan, end, String(missing ?? ""), waitS);
      await endChild(child, ended, () => end !== null);
      throw new LaunchError(EXIT.notHealthy, why);
    }
    await ended;
    return codeOf(end);
  } finally {
    for (const signal of PASSED_ON) process.off(signal, pass);
    killGroup();
  }
}

/** @param {import("node:child_process").ChildProcess} child @param {Promise<void>} ended @param {() => boolean} gone */
async function endChild(child, ended, gone) {
  if (gone()) return;
  child.kill("SIGTERM");
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, END_MS).unref())]);
}

/**
 * @param {import("./kinds.mjs").Plan} plan
 * @param {{code: number | null, signal: string | null, error: Error | null} | null} end
 * @param {string} missing @param {number} waitS
 */
function whyNot({ program }, end, missing, waitS) {
  if (end === null)
    return `${program} did not answer within ${waitS} s (${oneLine(missing)}): it was ended; --wait gives it more`;
  if (end.error !== null) return `${program} could not be started: ${oneLine(end.error.message)}`;
  return `${program} ended with ${end.code ?? end.signal} before it answered; its own words are above`;
}

/** @param {{code: number | null, signal: NodeJS.Signals | null} | null} end */
const codeOf = (end) => end?.code ?? 128 + (end?.signal ? constants.signals[end.signal] : 0);
