import type { Client, ClientChannel } from "ssh2";
import { channelStatus } from "./channel-end.ts";
import { ChannelSlots } from "./channel-slots.ts";
import type { ChannelSource, OpenedChannel, OpenOptions } from "./channel-source.ts";
import { execOn, type ExecOptions, type ExecResult } from "./exec.ts";
import { SshError } from "./ssh-error.ts";
import { streamOn, type SshStream, type StreamOptions } from "./stream.ts";

/**
 * One SSH connection into a cell. `open` -> `ended`; nothing brings an ended session back.
 * Everything that comes out of it is hostile text.
 */
export class SshSession implements AsyncDisposable, ChannelSource {
  /** Resolves with the cause when the connection is over, whoever ended it. */
  readonly ended: Promise<SshError>;
  readonly #client: Client;
  readonly #slots: ChannelSlots;
  readonly #gone = new AbortController();

  /** @internal use `connectSsh` */
  constructor(client: Client, ended: Promise<SshError>, maxChannels: number) {
    this.#client = client;
    this.#slots = new ChannelSlots(maxChannels);
    this.ended = ended;
    void ended.then((cause) => this.#gone.abort(cause));
  }

  /** Runs one command to its end. Rejects with SshError when no channel could be opened; all later outcomes are values. */
  exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    return execOn(this, command, options);
  }

  /** Starts one command and gives its stdout as it comes. Rejects with SshError when no channel could be opened. */
  stream(command: string, options: StreamOptions = {}): Promise<SshStream> {
    return streamOn(this, command, options);
  }

  /**
   * Opens an exec channel. On a frozen peer ssh2 never calls back, hence the own timeout; a channel that
   * opens after it is closed at once.
   */
  async openChannel(command: string, options: OpenOptions = {}): Promise<OpenedChannel> {
    const limit = AbortSignal.timeout(options.openTimeoutMs ?? 5_000);
    const signals = [limit, this.#gone.signal, ...(options.signal === undefined ? [] : [options.signal])];
    const stop = AbortSignal.any(signals);
    const failure = () => {
      if (this.#gone.signal.aborted) return new SshError("lost", "before the channel opened");
      return limit.aborted ? new SshError("timeout", "opening a channel") : new SshError("aborted");
    };
    let release: () => void;
    try {
      release = await this.#slots.take(stop);
    } catch {
      throw failure();
    }
    return new Promise((resolve, reject) => {
      let settled = false;
      const giveUp = (error: SshError) => {
        if (settled) return;
        settled = true;
        stop.removeEventListener("abort", stopped);
        release();
        reject(error);
      };
      const stopped = () => giveUp(failure());
      stop.addEventListener("abort", stopped, { once: true });
      const opened = (error: Error | undefined, channel: ClientChannel) => {
        if (error !== undefined) {
          giveUp(new SshError("channel", error.message));
          return;
        }
        if (settled) {
          channel.close();
          return;
        }
        settled = true;
        stop.removeEventListener("abort", stopped);
        // An error of a channel always comes with the end of the connection, which `ended` tells.
        channel.on("error", () => undefined);
        channel.stderr.on("error", () => undefined);
        // Listens at once: the status of a short command comes in the same packet as the opening.
        resolve({ channel, closed: channelStatus(channel), release });
      };
      try {
        this.#client.exec(command, opened);
      } catch (error) {
        // ssh2 throws "Not connected" synchronously.
        giveUp(new SshError("lost", error instanceof Error ? error.message : undefined));
      }
    });
  }

  /** Ends the connection at once and waits until it is over. Commands that run in the cell live on. */
  async close(): Promise<void> {
    this.#client.destroy();
    await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
