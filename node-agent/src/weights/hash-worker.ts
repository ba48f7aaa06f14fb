import { createHash } from "node:crypto";
import { readSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { isPoolRequest, type Outcome, type PoolReply, type PoolRequest } from "./hash-protocol.ts";
import { readHeader } from "./read-header.ts";

// Thread entry: hashes shards and reads headers, so that neither the daemon's loop nor its memory suffers from a hostile file.
const port = parentPort;
if (port === null) throw new Error("hash-worker runs as a worker thread only");

const chunk = Buffer.allocUnsafeSlow(1024 * 1024);

function hashShard(fd: number, start: number, end: number, cancelled: Int32Array): Outcome<string> {
  const hash = createHash("sha256");
  for (let at = start; at < end;) {
    if (Atomics.load(cancelled, 0) !== 0) return { ok: false, why: "aborted" };
    const n = readSync(fd, chunk, 0, Math.min(chunk.length, end - at), at);
    if (n === 0) return { ok: false, why: `the file ends at ${at} of ${end} bytes: it shrank` };
    hash.update(n === chunk.length ? chunk : chunk.subarray(0, n));
    at += n;
  }
  return { ok: true, value: hash.digest("hex") };
}

/** A failed read (I/O error, closed descriptor) is a value too. */
function guarded<T>(work: () => Outcome<T>): Outcome<T> {
  try {
    return work();
  } catch (error) {
    return { ok: false, why: String(error).slice(0, 200) };
  }
}

function answer({ id, job, cancelled }: PoolRequest): PoolReply {
  return job.kind === "shard"
    ? { id, kind: "shard", result: guarded(() => hashShard(job.fd, job.start, job.end, cancelled)) }
    : { id, kind: "header", result: guarded(() => readHeader(job.fd, job.size, job.mark, cancelled)) };
}

port.on("message", (message: unknown) => {
  if (isPoolRequest(message)) port.postMessage(answer(message));
});
