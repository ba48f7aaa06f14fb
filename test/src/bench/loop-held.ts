import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** How an agent is asked what it holds, and the event with which it answers: `{"event": "held", "heldMiB": number}`. */
export const TELLS_HELD = { signal: "SIGUSR2", event: "heldMiB" } as const;

const program = `
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
process.on("${TELLS_HELD.signal}", () => {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc()");
  const ${TELLS_HELD.event} = process.memoryUsage().heapUsed / 1048576;
  process.stdout.write(JSON.stringify({ event: "held", ${TELLS_HELD.event} }) + "\\n");
});`;
/** `NODE_OPTIONS` of an agent that is to tell: the agent's own file stays as it is. */
export const HELD_OPTIONS = `--import=data:text/javascript;base64,${Buffer.from(program).toString("base64")}`;

/** MiB of this program's heap after a full collection: what memory would come down to. */
export function heldMiB(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc()");
  return process.memoryUsage().heapUsed / 1_048_576;
}
