import { parentPort, workerData } from "node:worker_threads";
import { readHostFacts } from "../observe/host-facts.ts";
import { cellLook } from "./cell-look.ts";
import { isWatchData, isWatchRequest, type WatchReply } from "./watch-protocol.ts";

// Thread entry: looks at one cell again and again, until it is told to stop.
const port = parentPort;
const data: unknown = workerData;
if (port === null || !isWatchData(data)) throw new Error("watch-worker runs as a worker thread only");
const { scope, everyMs } = data;

/** Every so many looks all processes are looked at anew, idle or not. */
const FULL_EVERY = 4;

// Expected failures (vanished processes) are cheaper without a stack.
Error.stackTraceLimit = 0;
const tell = (reply: WatchReply) => port.postMessage(reply);
const { look, missed } = cellLook(scope, readHostFacts(process.pid, Date.now()), tell);
let looks = 0;

function again() {
  const started = performance.now();
  look(looks % FULL_EVERY === 0, "loading");
  looks += 1;
  // A cell full of processes must not take all of a CPU: as much rest as work at least.
  const took = performance.now() - started;
  timer = setTimeout(again, Math.max(took, everyMs - took));
}
let timer = setTimeout(again, 0);

port.on("message", (message: unknown) => {
  if (!isWatchRequest(message)) return;
  if (message.kind === "stop") {
    clearTimeout(timer);
    tell({ kind: "stopped" });
    port.close();
    return;
  }
  const started = performance.now();
  const processes = look(true, "after-run");
  tell({ kind: "looked", id: message.id, tookMs: performance.now() - started, processes, missed: missed() });
});
