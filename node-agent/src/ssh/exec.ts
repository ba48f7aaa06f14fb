import { BoundedHead } from "./bounded-output.ts";
import { killChannel, naturalEnd, withoutStdin, type CommandEnd } from "./channel-end.ts";
import type { ChannelSource, OpenOptions } from "./channel-source.ts";

export interface ExecOptions extends OpenOptions {
  /** Limit for the command itself, from the opened channel on (default 30000). */
  readonly timeoutMs?: number;
  /** Kept of each of stdout and stderr (default 1 MiB). Far beyond it the command is killed. */
  readonly maxOutputBytes?: number;
  /** Sent to the command, then ended. A command with stdin is not signalled on a timeout, only cut off. */
  readonly stdin?: string | Buffer;
}

/** Hostile text inside: strip and bound before showing it. */
export interface ExecResult {
  readonly end: CommandEnd;
  /** Exit status; null when none came, which is a failure. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: boolean;
  readonly timedOut: boolean;
}

/** After this much more than was asked for, reading on only burns the daemon's time. */
const FLOOD_FACTOR = 4;
/** A dead peer never confirms a close. */
const CLOSE_GRACE_MS = 500;

export async function execOn(
  session: ChannelSource,
  command: string,
  options: ExecOptions,
): Promise<ExecResult> {
  const { timeoutMs = 30_000, maxOutputBytes = 1_048_576, stdin } = options;
  const sent = stdin === undefined ? withoutStdin(command) : command;
  const { channel, closed, release } = await session.openChannel(sent, options);
  const stdout = new BoundedHead(maxOutputBytes);
  const stderr = new BoundedHead(maxOutputBytes);

  return new Promise((resolve) => {
    let cut: CommandEnd | undefined;
    let settled = false;
    let grace: NodeJS.Timeout | undefined;
    const settle = (end: CommandEnd, code: number | null, signal: string | null) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      clearTimeout(grace);
      options.signal?.removeEventListener("abort", aborted);
      release();
      const truncated = stdout.truncated || stderr.truncated;
      const timedOut = end === "timed-out";
      resolve({ end, code, signal, stdout: stdout.text, stderr: stderr.text, truncated, timedOut });
    };
    const cutOff = (why: CommandEnd) => {
      if (cut !== undefined || settled) return;
      cut = why;
      killChannel(channel);
      grace = setTimeout(() => settle(why, null, null), CLOSE_GRACE_MS);
    };
    const aborted = () => cutOff("killed");
    const timer = setTimeout(() => cutOff("timed-out"), timeoutMs);
    options.signal?.addEventListener("abort", aborted, { once: true });
    if (options.signal?.aborted === true) aborted();

    const collect = (head: BoundedHead) => (chunk: Buffer) => {
      if (cut !== undefined) return;
      head.push(chunk);
      if (head.seen > maxOutputBytes * FLOOD_FACTOR) cutOff("flooded");
    };
    channel.on("data", collect(stdout));
    channel.stderr.on("data", collect(stderr));
    void closed.then((status) => settle(cut ?? naturalEnd(status), status.code, status.signal));
    void session.ended.then(() => settle(cut ?? "lost", null, null));
    if (stdin !== undefined) channel.end(stdin);
  });
}
