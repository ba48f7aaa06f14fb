export interface NatsConfigOptions {
  /** Ids of the enrolled nodes. */
  readonly nodes: readonly string[];
  /** Folder of JetStream's files, as the server sees it. */
  readonly storeDir: string;
  /** host:port of the clients' port; 127.0.0.1:4222 when not given. */
  readonly listen?: string;
  /** host:port of the server's own HTTP status page. It has no login: loopback only. */
  readonly monitor?: string;
  /** Version of the server that will read this, such as 2.15.1: only what it knows is written. */
  readonly serverVersion?: string;
  /** The server's certificate. Clients show none: they log in with their NKey. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** Public keys that are there already, by role; for every other role a new pair is made. */
  readonly publicKeys?: Readonly<Record<string, string>>;
  /** Limit of JetStream's files, in the server's notation; 10GB when not given. */
  readonly maxFileStore?: string;
}
export interface NatsConfig {
  /** Text of nats.conf; holds no secret. */
  readonly config: string;
  /** Seeds of the new pairs, by role: `coordinator` and the node ids. Secret. */
  readonly seeds: Readonly<Record<string, string>>;
  readonly publicKeys: Readonly<Record<string, string>>;
}
export declare const COORDINATOR: "coordinator";
/** @throws RangeError naming every bad node id and key at once. */
export declare function makeNatsConfig(options: NatsConfigOptions): NatsConfig;
export declare function knowsSyncInterval(version: string | undefined): boolean;
