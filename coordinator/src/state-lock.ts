import { createServer } from "node:net";
import { stat } from "node:fs/promises";

/** Another coordinator owns this state folder. */
export class StateLockedError extends Error {
  override readonly name = "StateLockedError";
}

/**
 * Makes this process the only coordinator of a state folder. Node has no flock: an abstract Unix socket
 * named after the folder's inode is exclusive in the same way, and the kernel drops it with the process, so
 * that no stale lock can stay. It covers one network namespace; do not share a state folder between hosts.
 * @throws StateLockedError when another process holds it.
 */
export async function lockState(dir: string): Promise<AsyncDisposable> {
  const { dev, ino } = await stat(dir);
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => {
      const busy = "code" in error && error.code === "EADDRINUSE";
      reject(busy ? new StateLockedError(`${dir} is in use by another coordinator; stop it first`) : error);
    });
    server.listen({ path: `\0redline-coordinator-${dev}-${ino}` }, resolve);
  });
  server.unref();
  return {
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
      }),
  };
}
