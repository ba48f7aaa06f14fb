import type { ClientChannel } from "ssh2";

/** How a remote command ended. */
export type CommandEnd =
  /** It exited by itself; `code` is its status. */
  | "exited"
  /** A signal ended it. */
  | "signalled"
  /** Our time limit ended it. */
  | "timed-out"
  /** It wrote far more than was asked for and was cut. */
  | "flooded"
  /** `kill()` or the caller's signal ended it. */
  | "killed"
  /** The connection went, or the channel closed without a status: never a success. */
  | "lost";

export interface ChannelStatus {
  /** Exit status; null when none came. */
  readonly code: number | null;
  /** Signal name as in "SIGKILL"; null when none. */
  readonly signal: string | null;
}

/** Resolves when the channel is closed; a missing status stays null. Reads nothing: the caller must drain both streams. */
export function channelStatus(channel: ClientChannel): Promise<ChannelStatus> {
  return new Promise((resolve) => {
    let code: number | null = null;
    let signal: string | null = null;
    channel.on("exit", (first: number | null, name?: string) => {
      code = first;
      signal = name ?? null;
    });
    channel.once("close", () => resolve({ code, signal }));
  });
}

export function naturalEnd(status: ChannelStatus): CommandEnd {
  if (status.signal !== null) return "signalled";
  return status.code === null ? "lost" : "exited";
}

/**
 * Kills the command's process group and closes the channel. ssh2 drops a signal silently once stdin
 * was ended, so callers leave stdin open where a kill must reach (see `withoutStdin`).
 */
export function killChannel(channel: ClientChannel): void {
  channel.signal("KILL");
  channel.close();
  // What is still under way is thrown away, or the close event would wait for a reader.
  channel.resume();
  channel.stderr.resume();
}

/** Gives the command an empty stdin without ending ours, which `killChannel` needs. */
export function withoutStdin(command: string): string {
  return `exec </dev/null\n${command}`;
}
