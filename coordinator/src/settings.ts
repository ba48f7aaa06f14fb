import { z } from "zod";
import { nodeIdSchema } from "@redline/shared";
import { parseSettings, type Listen } from "@redline/daemon";

const list = z.string().transform((text) =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== ""),
);
const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

const listen = z
  .string()
  .regex(/^([^\s]*:)?\d{1,5}$/, "host:port, :port or port")
  .transform((text): { host: string; port: number } => {
    const colon = text.lastIndexOf(":");
    const host = text.slice(0, Math.max(0, colon)).replace(/^\[(.*)\]$/, "$1");
    return { host: host === "" ? "127.0.0.1" : host, port: Number(text.slice(colon + 1)) };
  })
  .refine(({ port }) => port <= 65_535, "port is larger than 65535");

const schema = z
  .object({
    /** Folder for the journal, the signing key and its public half. */
    REDLINE_STATE_DIR: z.string().min(1),
    /** NATS servers, comma separated. */
    REDLINE_NATS_URLS: list.pipe(z.array(z.string()).min(1, "at least one URL")),
    /** File with the coordinator's NKey seed. */
    REDLINE_NATS_NKEY_FILE: z.string().optional(),
    /** CA certificate, where the servers speak TLS. */
    REDLINE_NATS_CA_FILE: z.string().optional(),
    /** Socket file of the HTTP API (mode 0600). */
    REDLINE_HTTP_SOCKET: z.string().optional(),
    /** host:port of the HTTP API; loopback where no host is given. It has no login: keep it on loopback. */
    REDLINE_HTTP_LISTEN: listen.optional(),
    /** Enrolled node ids, comma separated; records and inventories of others are dropped. */
    REDLINE_NODES: list.pipe(z.array(nodeIdSchema).min(1, "at least one node id").max(1000)),
    /** An attempt whose node did not renew its lease for so long is lost, ms. */
    REDLINE_LEASE_MS: whole(500, 600_000).default(30_000),
    /** A run command that no node accepted for so long makes its attempt invalid, ms. */
    REDLINE_ACCEPT_MS: whole(500, 600_000).default(30_000),
    /** How long an ended attempt waits for the last records of its devices, ms. */
    REDLINE_EVIDENCE_WAIT_MS: whole(500, 3_600_000).default(60_000),
    /** A trial that fits no ready node for so long is cancelled, ms. */
    REDLINE_UNPLACEABLE_MS: whole(0, 86_400_000).default(15_000),
    /** The same where a known node would fit but is silent, draining or quarantined, ms. */
    REDLINE_ABSENT_MS: whole(0, 86_400_000).default(300_000),
    /** A node that was silent for so long gets no new trials, ms. */
    REDLINE_NODE_SILENT_MS: whole(500, 600_000).default(15_000),
    /** How often each node is told that the coordinator lives and which attempts may live on, ms. */
    REDLINE_PULSE_MS: whole(200, 60_000).default(1000),
    /** Live copies of the whole lab; over it the newest attempts are ended, which is a breach. */
    REDLINE_MAX_COPIES: whole(1, 100_000).default(64),
    /** Commands which a node may hold unacknowledged at once. */
    REDLINE_COMMANDS_PENDING: whole(2, 1000).default(32),
    /** Size of the stream that carries records; older ones make room. MiB. */
    REDLINE_RECORDS_MIB: whole(16, 1_048_576).default(512),
    REDLINE_LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error"]).default("info"),
  })
  .refine((s) => s.REDLINE_HTTP_SOCKET !== undefined || s.REDLINE_HTTP_LISTEN !== undefined, {
    path: ["REDLINE_HTTP_SOCKET"],
    message: "set this or REDLINE_HTTP_LISTEN",
  });
export type Settings = z.infer<typeof schema>;

/** @throws ConfigError naming every bad setting at once. */
export const loadSettings = (env: Readonly<Record<string, string | undefined>>): Settings =>
  parseSettings(schema, env);

/** Every place where the HTTP API listens. */
export function listensOf(settings: Settings): Listen[] {
  const { REDLINE_HTTP_SOCKET: socketPath, REDLINE_HTTP_LISTEN: address } = settings;
  return [...(socketPath === undefined ? [] : [{ socketPath }]), ...(address === undefined ? [] : [address])];
}
