import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A Unix socket's path holds 107 bytes; some clients count the closing zero too. */
const MAX_PATH = 100;

/** Where the coordinator's API socket goes, and how to take its folder away again. */
export interface SocketPlace {
  readonly path: string;
  remove(): Promise<void>;
}

const inState = (stateDir: string) => join(stateDir, "coordinator", "api.sock");

/** The folder below which the socket's own one is made; null where the socket fits into the state folder. */
export const socketParent = (stateDir: string): string | null =>
  Buffer.byteLength(inState(stateDir)) <= MAX_PATH ? null : tmpdir();

/**
 * In the state folder; in a fresh temporary folder where that path would be too long for a socket.
 * @param uid the user that the coordinator runs as, where it is another one: the fresh folder is given to it.
 */
export async function socketPlace(stateDir: string, uid: number | null): Promise<SocketPlace> {
  const parent = socketParent(stateDir);
  if (parent === null) {
    const path = inState(stateDir);
    return { path, remove: () => rm(path, { force: true }) };
  }
  const folder = await mkdtemp(join(parent, "redline-"));
  if (uid !== null) await chown(folder, uid, uid);
  return { path: join(folder, "api.sock"), remove: () => rm(folder, { recursive: true, force: true }) };
}
