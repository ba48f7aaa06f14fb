import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";

const known = new Map<string, Promise<string>>();

/** sha256 of a whole file, hex; read once for as long as it does not change. @throws where it cannot be read. */
export async function fileDigest(path: string, signal: AbortSignal): Promise<string> {
  const { dev, ino, size, mtimeMs } = await stat(path);
  const key = [dev, ino, size, mtimeMs].join();
  const read = known.get(key) ?? digest(path, signal);
  known.set(key, read);
  read.catch(() => known.delete(key));
  return read;
}

async function digest(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const bytes: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: 1024 * 1024, signal });
  for await (const chunk of bytes) hash.update(chunk);
  return hash.digest("hex");
}
