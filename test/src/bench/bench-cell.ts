import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBwrapDriver } from "../../../node-agent/dist/cell/bwrap-driver.js";
import { DEFAULT_LIMITS, type Bind, type Cell } from "../../../node-agent/dist/cell/cell.js";
import { authorizedKey } from "../../../node-agent/dist/ssh/authorized-key.js";
import { connectSsh } from "../../../node-agent/dist/ssh/connect-ssh.js";
import { newEphemeralKey, type EphemeralKey } from "../../../node-agent/dist/ssh/ephemeral-key.js";
import type { SshSession } from "../../../node-agent/dist/ssh/ssh-session.js";

export interface BenchCell extends AsyncDisposable {
  readonly cell: Cell;
  readonly session: SshSession;
  /** OpenSSH private key of the session's user. */
  readonly privateKey: string;
  /** A folder of the benchmark's own; removed at the end. */
  readonly folder: string;
}

/** A cell as it is built for an attempt. @param stateDir must not exist yet */
export function buildCell(
  stateDir: string,
  key: EphemeralKey,
  readOnlyBinds: readonly Bind[] = [],
): Promise<Cell> {
  const driver = createBwrapDriver({ tools: (name) => name });
  return driver.build(
    {
      id: "bench",
      hostname: "origin",
      index: 0,
      ttlMs: 600_000,
      scratchBytes: 8 * 1_048_576,
      limits: DEFAULT_LIMITS,
      authorizedKeys: [authorizedKey(key.publicKeyLine, { expires: new Date(Date.now() + 600_000) })],
      readOnlyBinds,
      socketBinds: [],
      env: {},
      stateDir,
    },
    new AbortController().signal,
  );
}

/** A real cell and our SSH session into it; for scripts that `runInLab` starts. */
export async function buildBenchCell(readOnlyBinds: readonly Bind[] = []): Promise<BenchCell> {
  const folder = await mkdtemp(join(tmpdir(), "redline-bench-cell-"));
  const key = newEphemeralKey("bench");
  const cell = await buildCell(join(folder, "cell"), key, readOnlyBinds);
  const session = await connectSsh({
    host: cell.address,
    port: cell.sshPort,
    username: "agent",
    privateKey: key.privateKey,
    hostKey: cell.hostKey,
  });
  return {
    cell,
    session,
    privateKey: key.privateKey,
    folder,
    async [Symbol.asyncDispose]() {
      await session.close();
      await cell.destroy();
      await rm(folder, { recursive: true });
    },
  };
}
