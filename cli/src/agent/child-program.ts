import { spawn } from "node:child_process";
import { Duplex, type Readable, type Writable } from "node:stream";
import { createInterface } from "node:readline";
import { daemonEnv } from "../lab/lab-daemons.ts";
import { STOP_LINE } from "../lab/lab-protocol.ts";
import { childEventSchema, type ChildEvent } from "./child-event.ts";

/** A program with a control line of its own (descriptor 3) beside its stdin and stdout. */
export interface ChildProgram {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Asks it to end in order. Safe more than once. */
  stop(): void;
  /** Ends it at once, and with it all that it started. */
  kill(): void;
  /** Resolves when it is gone and all it said has been told. Never rejects. */
  readonly ended: Promise<void>;
}

/**
 * Starts a program in a process group of its own: Ctrl-C in a terminal must reach the command alone, which then ends this in order.
 * @param onEvent told what it says; a line that is no event is left out.
 */
export function startChild(
  [program = "", ...args]: readonly string[],
  onEvent: (event: ChildEvent) => void,
): ChildProgram {
  const child = spawn(program, args, {
    stdio: ["pipe", "pipe", "pipe", "pipe"],
    detached: true,
    env: daemonEnv({}),
  });
  const control = child.stdio[3];
  if (!(control instanceof Duplex)) throw new Error("a pipe of a child has two ways");
  // What the child's end does not take any more is nobody's.
  control.on("error", () => undefined);
  child.stdin.on("error", () => undefined);
  const lines = createInterface({ input: control });
  const told = new Promise<void>((resolve) => lines.once("close", () => resolve()));
  lines.on("line", (line) => {
    const event = childEventSchema.safeParse(parseJson(line));
    if (event.success) onEvent(event.data);
  });
  const over = new Promise<void>((resolve) => {
    child.once("error", (error) => {
      onEvent({ event: "failed", text: error.message });
      lines.close();
      resolve();
    });
    child.once("close", () => resolve());
  });
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    stop: () => void control.write(STOP_LINE),
    kill: () => void child.kill("SIGKILL"),
    ended: Promise.all([over, told]).then(() => undefined),
  };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
