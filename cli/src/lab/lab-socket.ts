import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A Unix socket's path holds 107 bytes; some clients count the closing zero too. */
const MAX_PATH = 100;

/** Where the coordinator's API socket goes, and how to take its folder away again. */
export interface SocketPlace {
  readonly path: string;
  remove(): Promise<void>;
}

/** In the state folder; in a fresh temporary folder where that path would be too long for a socket. */
export async function socketPlace(stateDir: string): Promise<SocketPlace> {
  const path = join(stateDir, "coordinator", "api.sock");
  if (Buffer.byteLength(path) <= MAX_PATH) return { path, remove: () => rm(path, { force: true }) };
  const folder = await mkdtemp(join(tmpdir(), "redline-"));
  return { path: join(folder, "api.sock"), remove: () => rm(folder, { recursive: true, force: true }) };
}
