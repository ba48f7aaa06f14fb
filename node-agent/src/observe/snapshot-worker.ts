import { parentPort } from "node:worker_threads";
import { takeCellSockets } from "./cell-sockets.ts";
import { readHostFacts } from "./host-facts.ts";
import { isSnapshotRequest, type SnapshotReply, type SnapshotRequest } from "./snapshot-protocol.ts";
import { takeCellSnapshot, takeFullSnapshot, type Clock } from "./take-snapshot.ts";

// Thread entry: reads /proc synchronously, so that the daemon's own loop never waits. Ends when it is terminated.
const port = parentPort;
if (port === null) throw new Error("snapshot-worker runs as a worker thread only");

// Expected failures (vanished processes) are cheaper without a stack.
Error.stackTraceLimit = 0;
const clock: Clock = { nowMs: () => Date.now(), monoMs: () => performance.now() };
const host = readHostFacts(process.pid, clock.nowMs());

function answer({ id, scope, sockets }: SnapshotRequest): SnapshotReply {
  try {
    if (scope !== null && sockets !== undefined)
      return { id, ok: true, sockets: takeCellSockets(host, scope, sockets) };
    const snapshot = scope === null ? takeFullSnapshot(host, clock) : takeCellSnapshot(host, scope, clock);
    return { id, ok: true, snapshot };
  } catch (error) {
    return { id, ok: false, why: String(error).slice(0, 300) };
  }
}

port.on("message", (message: unknown) => {
  if (isSnapshotRequest(message)) port.postMessage(answer(message));
});
