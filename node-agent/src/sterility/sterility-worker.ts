import { parentPort } from "node:worker_threads";
import { baselineOf } from "./baseline.ts";
import { compare } from "./compare.ts";
import { takeNodeLook } from "./node-look.ts";
import { isLookRequest, type LookReply, type LookRequest } from "./sterility-protocol.ts";

// Thread entry: reads the node synchronously, so that beats to cells never wait. Ends when it is terminated.
const port = parentPort;
if (port === null) throw new Error("sterility-worker runs as a worker thread only");

// Expected failures (vanished processes) are cheaper without a stack.
Error.stackTraceLimit = 0;

function answer({ id, places, liveCells, compare: wanted }: LookRequest): LookReply {
  try {
    const look = takeNodeLook(places, liveCells);
    if (wanted === undefined) return { id, ok: true, baseline: baselineOf(look) };
    return { id, ok: true, compared: compare({ ...wanted, look }) };
  } catch (error) {
    return { id, ok: false, why: String(error).slice(0, 300) };
  }
}

port.on("message", (message: unknown) => {
  if (isLookRequest(message)) port.postMessage(answer(message));
});
