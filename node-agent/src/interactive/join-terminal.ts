import type { Readable, Writable } from "node:stream";
import { killChannel, naturalEnd, withoutStdin, type CommandEnd } from "../ssh/channel-end.ts";
import type { ChannelSource } from "../ssh/channel-source.ts";
import type { AgentEnd } from "./events.ts";

export interface Joined {
  readonly how: AgentEnd;
  readonly code: number | null;
  readonly signal: string | null;
}

export interface JoinOptions {
  /** Given to the command until its end; null: the command's stdin is empty. */
  readonly input: Readable | null;
  /** Get the command's hostile bytes as they are. */
  readonly output: Writable;
  readonly errors: Writable;
  readonly timeMs: number;
  /** Of both streams together; more ends the command. */
  readonly outputBytes: number;
  readonly signal: AbortSignal;
}

const CLOSE_GRACE_MS = 500;

/**
 * Joins a command in a cell with this program's own streams until it ends or a limit does. What is not read is held back at the sender.
 * Rejects with SshError when no channel could be opened; all later outcomes are values.
 */
export async function joinTerminal(
  session: ChannelSource,
  command: string,
  options: JoinOptions,
): Promise<Joined> {
  const { input, signal } = options;
  const sent = input === null ? withoutStdin(command) : command;
  const { channel, closed, release } = await session.openChannel(sent, { signal });
  let bytes = 0;
  const run: { cut: AgentEnd | null } = { cut: null };
  let giveUp: () => void = () => undefined;
  // A dead peer never confirms a close.
  const grace = new Promise<null>((resolve) => {
    giveUp = () => void setTimeout(() => resolve(null), CLOSE_GRACE_MS);
  });
  const end = (why: AgentEnd) => {
    if (run.cut !== null) return;
    run.cut = why;
    killChannel(channel);
    giveUp();
  };
  const carry = (from: Readable, to: Writable) => {
    from.on("data", (chunk: Buffer) => {
      if (run.cut !== null) return;
      bytes += chunk.length;
      if (bytes > options.outputBytes) {
        end("output-limit");
        return;
      }
      if (to.write(chunk)) return;
      from.pause();
      to.once("drain", () => from.resume());
    });
  };
  carry(channel, options.output);
  carry(channel.stderr, options.errors);
  input?.pipe(channel);
  const stop = () => end("stopped");
  const timer = setTimeout(() => end("time-limit"), options.timeMs);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const status = await Promise.race([closed, grace, session.ended.then(() => null)]);
  clearTimeout(timer);
  signal.removeEventListener("abort", stop);
  input?.unpipe(channel);
  release();
  const how = run.cut ?? (status === null ? "lost" : ENDS[naturalEnd(status)]);
  return { how, code: status?.code ?? null, signal: status?.signal ?? null };
}

const ENDS: Readonly<Record<CommandEnd, AgentEnd>> = {
  exited: "exited",
  signalled: "signalled",
  "timed-out": "lost",
  flooded: "lost",
  killed: "lost",
  lost: "lost",
};
