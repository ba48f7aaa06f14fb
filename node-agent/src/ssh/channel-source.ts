import type { ClientChannel } from "ssh2";
import type { ChannelStatus } from "./channel-end.ts";
import type { SshError } from "./ssh-error.ts";

export interface OpenOptions {
  /** Aborting it gives up the opening, and later kills the command. */
  readonly signal?: AbortSignal;
  /** Limit for the server's answer to the channel request (default 5000), apart from the command's own limit. */
  readonly openTimeoutMs?: number;
}

export interface OpenedChannel {
  readonly channel: ClientChannel;
  /** Resolves when the channel is closed. Both its streams must be read to get there. */
  readonly closed: Promise<ChannelStatus>;
  /** Gives the channel's slot back; to be called when the channel is closed or given up. */
  readonly release: () => void;
}

/** What a command needs of its session. */
export interface ChannelSource {
  readonly ended: Promise<SshError>;
  /** Rejects with SshError. */
  openChannel(command: string, options?: OpenOptions): Promise<OpenedChannel>;
}
