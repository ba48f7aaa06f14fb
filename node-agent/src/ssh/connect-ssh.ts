import { timingSafeEqual } from "node:crypto";
import { connect, type Socket } from "node:net";
import { Client } from "ssh2";
import { parsePublicKeyLine } from "./public-key-line.ts";
import { SshError } from "./ssh-error.ts";
import { SshSession } from "./ssh-session.ts";

export interface ConnectSshOptions {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  /** OpenSSH private key. */
  readonly privateKey: string;
  /** The one host key that is accepted: an OpenSSH public key line. */
  readonly hostKey: string;
  /** Aborting it ends the attempt to connect, and later the session. */
  readonly signal?: AbortSignal;
  /** Client-side cap (default 20): at most half of the server's MaxSessions, as sshd counts a closed session a moment longer. */
  readonly maxChannels?: number;
  readonly timeouts?: SshTimeouts;
}

export interface SshTimeouts {
  /** TCP connect (default 5000). */
  readonly connectMs?: number;
  /** Handshake and authentication (default 10000). */
  readonly readyMs?: number;
  /** One keepalive each (default 1000), the connection is lost after `keepaliveCount` unanswered (default 3). */
  readonly keepaliveMs?: number;
  readonly keepaliveCount?: number;
}

/**
 * Opens one SSH connection with a pinned host key. ssh2 alone would accept any host key, wait for ever on
 * a frozen peer and delay small packets by 40 ms; all three are set here.
 * @throws SshError with the code that says why.
 */
export async function connectSsh(options: ConnectSshOptions): Promise<SshSession> {
  const pinned = parsePublicKeyLine(options.hostKey);
  const {
    connectMs = 5_000,
    readyMs = 10_000,
    keepaliveMs = 1_000,
    keepaliveCount = 3,
  } = options.timeouts ?? {};
  const socket = await openSocket(options, connectMs);
  const client = new Client();
  let refusedKey = false;
  let cause: SshError | undefined;

  const ended = new Promise<SshError>((resolve) => {
    // Stays for the client's whole life: an error event without a listener would end the daemon.
    client.on("error", (error: Error & { level?: string }) => {
      cause ??= refusedKey ? new SshError("host-key") : toSshError(error);
    });
    client.once("close", () => resolve(cause ?? new SshError("lost")));
  });
  const abort = () => {
    cause ??= new SshError("aborted");
    client.destroy();
    socket.destroy();
  };
  options.signal?.addEventListener("abort", abort, { once: true });
  void ended.then(() => options.signal?.removeEventListener("abort", abort));

  const ready = new Promise<void>((resolve) => client.once("ready", () => resolve()));
  try {
    client.connect({
      sock: socket,
      username: options.username,
      privateKey: options.privateKey,
      readyTimeout: readyMs,
      keepaliveInterval: keepaliveMs,
      keepaliveCountMax: keepaliveCount,
      hostVerifier: (key: Buffer) => {
        refusedKey = key.length !== pinned.blob.length || !timingSafeEqual(key, pinned.blob);
        return !refusedKey;
      },
      algorithms: { serverHostKey: ["ssh-ed25519"], compress: ["none"] },
      authHandler: ["publickey"],
    });
  } catch (error) {
    socket.destroy();
    throw new SshError("auth", "the private key cannot be read", { cause: error });
  }
  if (options.signal?.aborted === true) abort();
  const failed = await Promise.race([ready, ended]);
  if (failed !== undefined) throw failed;
  return new SshSession(client, ended, options.maxChannels ?? 20);
}

function openSocket(options: ConnectSshOptions, connectMs: number): Promise<Socket> {
  const { host, port, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(new SshError("aborted"));
      return;
    }
    const socket = connect({ host, port, noDelay: true });
    const settle = (error?: SshError) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
      socket.off("error", refused);
      if (error === undefined) {
        resolve(socket);
        return;
      }
      socket.on("error", () => undefined);
      socket.destroy();
      reject(error);
    };
    const refused = (error: Error) => settle(new SshError("refused", error.message, { cause: error }));
    const aborted = () => settle(new SshError("aborted"));
    const timer = setTimeout(() => settle(new SshError("timeout", `TCP to ${host}:${port}`)), connectMs);
    socket.once("error", refused);
    socket.once("connect", () => settle());
    signal?.addEventListener("abort", aborted, { once: true });
  });
}

function toSshError(error: Error & { level?: string }): SshError {
  const detail = error.message.slice(0, 200);
  if (error.level === "client-authentication") return new SshError("auth", detail, { cause: error });
  if (error.level === "client-timeout") {
    return new SshError(/keepalive/i.test(detail) ? "lost" : "timeout", detail, { cause: error });
  }
  return new SshError("lost", detail, { cause: error });
}
