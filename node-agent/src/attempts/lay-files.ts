import { shellWord } from "../escape/in-cell-perl.ts";
import type { SshSession } from "../ssh/ssh-session.ts";
import { AttemptFault } from "./attempt-fault.ts";

/** A file of a cell's home. */
export interface HomeFile {
  /** Relative, without `.` and `..`. */
  readonly path: string;
  readonly text: string;
  readonly executable?: boolean;
}

const LIMIT_MS = 10_000;

/**
 * Lays files into a cell's home as the cell's own user, before the agent's first turn.
 * @throws AttemptFault cannot-be-held where something is there already, ssh-failed where the cell does not answer.
 */
export async function layFiles(
  session: Pick<SshSession, "exec">,
  files: readonly HomeFile[],
  signal: AbortSignal,
): Promise<void> {
  for (const { path, text, executable = false } of files) {
    const at = shellWord(path);
    // Without the agent's start files, which nobody has written yet; `set -C`: nothing that is there is overwritten.
    const command =
      `umask 022; cd && mkdir -p -- "$(dirname -- ${at})" && set -C && cat >${at} && ` +
      `chmod ${executable ? "755" : "644"} ${at}`;
    const { code, end, stderr } = await session.exec(command, { signal, stdin: text, timeoutMs: LIMIT_MS });
    signal.throwIfAborted();
    if (code === 0) continue;
    const why = `${path} could not be laid into the home: ${stderr.trim().slice(-200) || end}`;
    throw new AttemptFault(code === null ? "ssh-failed" : "cannot-be-held", why);
  }
}
