import { isIP } from "node:net";

/** Of the server itself; every path is as the server sees it. */
export interface ServerOptions {
  /** Folder of JetStream's files. */
  readonly storeDir: string;
  /** host:port of the clients' port; 127.0.0.1:4222 when not given. */
  readonly listen?: string | undefined;
  /** host:port of the server's own HTTP status page. It has no login: loopback only. */
  readonly monitor?: string | undefined;
  /** File for the server's process id, by which it is told to read its configuration again. */
  readonly pidFile?: string | undefined;
  /** Unique in a cluster; "redline" when not given. */
  readonly serverName?: string | undefined;
  /** Version of the server that will read this, such as 2.15.1: only what it knows is written. */
  readonly serverVersion?: string | undefined;
  /** The server's certificate; `caFile` is that of its cluster's other servers. Clients show none: they log in with their NKey. */
  readonly tls?:
    { readonly certFile: string; readonly keyFile: string; readonly caFile?: string | undefined } | undefined;
  /** The other servers. Without `tls.caFile` whoever reaches `listen` can join: keep it on loopback then. */
  readonly cluster?:
    { readonly name: string; readonly listen: string; readonly routes: readonly string[] } | undefined;
  /** Limit of JetStream's files, in the server's notation; 10GB when not given. */
  readonly maxFileStore?: string | undefined;
}

/** All but users and their rights. @throws RangeError for what would be open to the network without a login. */
export function serverLines(options: ServerOptions): string[] {
  const { monitor, tls, pidFile, cluster } = options;
  if (monitor !== undefined && !isLoopback(monitor))
    throw new RangeError(`monitor: ${monitor} is not on loopback, and the status page has no login`);
  if (cluster !== undefined && tls?.caFile === undefined && !isLoopback(cluster.listen))
    throw new RangeError(
      `cluster: ${cluster.listen} is not on loopback; without TLS and a CA whoever reaches it could join`,
    );
  return [
    "# Written by `redline init` and `redline node add|remove`; use them instead of editing this file.",
    "# It holds public keys only.",
    `listen: ${JSON.stringify(options.listen ?? "127.0.0.1:4222")}`,
    `server_name: ${JSON.stringify(options.serverName ?? "redline")}`,
    ...(monitor === undefined ? [] : [`http: ${JSON.stringify(monitor)}`]),
    ...(pidFile === undefined ? [] : [`pid_file: ${JSON.stringify(pidFile)}`]),
    "max_payload: 1MB",
    'ping_interval: "20s"',
    'write_deadline: "10s"',
    ...(tls === undefined ? [] : tlsLines(tls, "", false)),
    ...(cluster === undefined
      ? []
      : [
          "cluster {",
          `  name: ${JSON.stringify(cluster.name)}`,
          `  listen: ${JSON.stringify(cluster.listen)}`,
          `  routes: ${JSON.stringify(cluster.routes)}`,
          ...(tls?.caFile === undefined ? [] : tlsLines(tls, "  ", true)),
          "}",
        ]),
    "jetstream {",
    `  store_dir: ${JSON.stringify(options.storeDir)}`,
    "  max_memory_store: 64MB",
    `  max_file_store: ${options.maxFileStore ?? "10GB"}`,
    // Older servers refuse to start with it.
    ...(knowsSyncInterval(options.serverVersion) ? ["  sync_interval: always"] : []),
    "}",
  ];
}

const tlsLines = (
  tls: { certFile: string; keyFile: string; caFile?: string | undefined },
  at: string,
  verify: boolean,
) => [
  `${at}tls {`,
  `${at}  cert_file: ${JSON.stringify(tls.certFile)}`,
  `${at}  key_file: ${JSON.stringify(tls.keyFile)}`,
  ...(verify ? [`${at}  ca_file: ${JSON.stringify(tls.caFile)}`, `${at}  verify: true`] : []),
  `${at}}`,
];

/** Whether host:port, or a host alone, is this machine's loopback. */
export function isLoopback(place: string): boolean {
  const host = place.replace(/:-?\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  if (host === "localhost" || host === "::1") return true;
  return isIP(host) === 4 && host.startsWith("127.");
}

/** `sync_interval` came with 2.10; without a known version it is left out. */
export function knowsSyncInterval(version: string | undefined): boolean {
  const match = /^v?(\d+)\.(\d+)\./.exec(version ?? "");
  if (match === null) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > 2 || (major === 2 && minor >= 10);
}
