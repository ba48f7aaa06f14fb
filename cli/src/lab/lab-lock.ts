import { stat } from "node:fs/promises";
import { createServer } from "node:net";

/** Held while a lab uses a state folder. */
export interface LabLock {
  /** Safe at any moment and more than once. */
  release(): void;
}

/**
 * Takes the state folder for this process: two labs on one folder would write one journal together. The lock is an
 * abstract Unix socket named after the folder's device and inode; the kernel frees it however the process ends.
 * @returns null when another process holds it.
 */
export async function lockStateDir(stateDir: string): Promise<LabLock | null> {
  const { dev, ino } = await stat(stateDir, { bigint: true });
  const server = createServer((socket) => socket.destroy());
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(`\0redline-lab-${dev}-${ino}`, resolve);
    });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return null;
    throw error;
  }
  server.unref();
  return { release: () => void server.close() };
}
