import { readFile } from "node:fs/promises";
import { connect, nkeyAuthenticator, type NatsConnection } from "@nats-io/transport-node";

/** Where and as whom a daemon connects. */
export interface NatsSettings {
  readonly servers: readonly string[];
  readonly name: string;
  /** File with this role's NKey seed; none where the server asks for none (the lab's own child server). */
  readonly nkeySeedFile?: string | undefined;
  /** CA of the lab or the site, when the server speaks TLS. */
  readonly caFile?: string | undefined;
}

/** Inbox prefix that the server's permissions bind to this role. */
export const inboxPrefixOf = (name: string) => `_INBOX_${name}`;

/**
 * Connects and stays connected for ever: the client's defaults give up after 20 s of outage and notice a
 * half-open link only after minutes.
 */
export async function connectNats(settings: NatsSettings): Promise<NatsConnection> {
  const seed =
    settings.nkeySeedFile === undefined ? undefined : await readFile(settings.nkeySeedFile, "utf8");
  return connect({
    servers: [...settings.servers],
    name: settings.name,
    inboxPrefix: inboxPrefixOf(settings.name),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 500,
    reconnectJitter: 250,
    pingInterval: 10_000,
    maxPingOut: 2,
    waitOnFirstConnect: true,
    // A stack for each request, kept in case that it fails, costs more than the request.
    noAsyncTraces: true,
    ...(seed === undefined
      ? {}
      : { authenticator: nkeyAuthenticator(new TextEncoder().encode(seed.trim())) }),
    ...(settings.caFile === undefined ? {} : { tls: { caFile: settings.caFile } }),
  });
}
