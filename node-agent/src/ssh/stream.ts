import { BoundedTail } from "./bounded-output.ts";
import { killChannel, naturalEnd, withoutStdin, type ChannelStatus, type CommandEnd } from "./channel-end.ts";
import type { ChannelSource, OpenOptions } from "./channel-source.ts";

export interface StreamOptions extends OpenOptions {
  /** Kept of the end of stderr (default 64 KiB). */
  readonly stderrTailBytes?: number;
  /** Sent to the command, then ended; such a command cannot be signalled any more, only cut off. */
  readonly stdin?: string | Buffer;
}

export interface StreamEnd extends ChannelStatus {
  readonly end: CommandEnd;
}

export interface SshStream {
  /**
   * Hostile bytes as they come; to be read to the end, once. What is not read is held back at the
   * sender (at most one SSH window, 2 MiB, waits here). Ends without an error however the command ended.
   */
  readonly stdout: AsyncIterable<Buffer>;
  /** The last of stderr so far. */
  readonly stderrTail: () => string;
  /** Resolves when command and output are over; never rejects. Needs `stdout` to be read, or `kill()`. */
  readonly done: Promise<StreamEnd>;
  readonly kill: () => void;
}

const CLOSE_GRACE_MS = 500;

export async function streamOn(
  session: ChannelSource,
  command: string,
  options: StreamOptions,
): Promise<SshStream> {
  const { stderrTailBytes = 65_536, stdin } = options;
  const sent = stdin === undefined ? withoutStdin(command) : command;
  const { channel, closed, release } = await session.openChannel(sent, options);
  const tail = new BoundedTail(stderrTailBytes);
  channel.stderr.on("data", (chunk: Buffer) => tail.push(chunk));
  if (stdin !== undefined) channel.end(stdin);

  const over = new AbortController();
  let killed = false;
  const kill = () => {
    if (killed) return;
    killed = true;
    killChannel(channel);
    setTimeout(() => over.abort(), CLOSE_GRACE_MS).unref();
  };
  const done = new Promise<StreamEnd>((resolve) => {
    const settle = (end: StreamEnd) => {
      options.signal?.removeEventListener("abort", kill);
      release();
      // Before the abort: that one calls `gone`, which must not be first.
      resolve(end);
      over.abort();
    };
    void closed.then((status) => settle({ ...status, end: killed ? "killed" : naturalEnd(status) }));
    const gone = () => settle({ code: null, signal: null, end: killed ? "killed" : "lost" });
    over.signal.addEventListener("abort", gone, { once: true });
    void session.ended.then(gone);
  });
  options.signal?.addEventListener("abort", kill, { once: true });
  if (options.signal?.aborted === true) kill();

  async function* chunks(): AsyncGenerator<Buffer> {
    // `readable` and `read()` instead of the stream's own iterator: that one throws when a killed channel
    // closes early, and destroys the channel when the reader leaves the loop.
    while (!killed) {
      const chunk: unknown = channel.read();
      if (Buffer.isBuffer(chunk)) yield chunk;
      else if (channel.readableEnded || over.signal.aborted) return;
      else await readable();
    }
  }
  function readable(): Promise<void> {
    return new Promise((resolve) => {
      const events = ["readable", "end", "close"] as const;
      const wake = () => {
        for (const event of events) channel.off(event, wake);
        over.signal.removeEventListener("abort", wake);
        resolve();
      };
      for (const event of events) channel.on(event, wake);
      over.signal.addEventListener("abort", wake, { once: true });
    });
  }
  return { stdout: chunks(), stderrTail: () => tail.text, done, kill };
}
