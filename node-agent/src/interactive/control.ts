import { Socket } from "node:net";
import type { ByHandEvent } from "./events.ts";

/** The command's end of the line: what it is told, and its word that it is over. */
export interface Control {
  say(event: ByHandEvent): void;
  /** Aborts when the command says so, or is gone. */
  readonly stopped: AbortSignal;
  /** Resolves when all that was said is on its way. */
  end(): Promise<void>;
}

/** A socket pair that this program inherits as descriptor 3: events go out, anything that comes in, its end too, means stop. */
export function openControl(descriptor = 3): Control {
  const socket = new Socket({ fd: descriptor, readable: true, writable: true });
  const stop = new AbortController();
  const onStop = () => stop.abort(new Error("stopped by hand"));
  socket.on("data", onStop);
  socket.on("end", onStop);
  socket.on("error", onStop);
  socket.on("close", onStop);
  return {
    say: (event) => void socket.write(`${JSON.stringify(event)}\n`),
    stopped: stop.signal,
    end: () => new Promise((resolve) => socket.end(resolve)),
  };
}
