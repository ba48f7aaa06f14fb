import { z } from "zod";
import { COORDINATOR, coordinatorNameSchema } from "@redline/shared";
import { enrolledNameSchema, parseSettings, type Listen } from "@redline/daemon";

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

const nodesGiven = z.object({
  REDLINE_NODES: z.array(z.string()),
  REDLINE_NODES_FILE: z.string().optional(),
});

const schema = z
  .object({
    /** Folder for the journal, the signing key and its public half. */
    REDLINE_STATE_DIR: z.string().min(1),
    /** NATS servers, comma separated. Without any the coordinator runs a nats-server of its own, in STATE_DIR/nats. */
    REDLINE_NATS_URLS: list.default([]),
    /** Copies that a cluster keeps of each stream and bucket; 3 where three or more URLs are given, else 1. */
    REDLINE_NATS_REPLICAS: z
      .enum(["1", "3", "5"])
      .transform((text) => Number(text))
      .optional(),
    /** nats-server that is run without REDLINE_NATS_URLS; the set-up script's or the one on PATH when not given. */
    REDLINE_NATS_SERVER_BIN: z.string().min(1).optional(),
    /** host:port where it listens; a free port of loopback, the same at each start, when not given. */
    REDLINE_NATS_LISTEN: listen.optional(),
    /** on: another coordinator may take over from this one, and this one from it. Both have it, with one signing key. */
    REDLINE_STANDBY: z.enum(["on", "off"]).default("off"),
    /** This coordinator's name on the bus; the second of a pair is `coordinator-b`, say. */
    REDLINE_COORDINATOR_NAME: coordinatorNameSchema.default(COORDINATOR),
    /** Size of the stream that carries the journal to a standby; it asks the leader for older lines. MiB. */
    REDLINE_JOURNAL_STREAM_MIB: whole(1, 1_048_576).default(256),
    /**
     * How long a coordinator of a pair waits for the other one on a bus that knows no leader, unless it led last itself: the other one
     * may have more of the journal. Milliseconds.
     */
    REDLINE_OTHER_WAIT_MS: whole(100, 600_000).default(10_000),
    /** File with the coordinator's NKey seed. */
    REDLINE_NATS_NKEY_FILE: z.string().optional(),
    /** CA certificate, where the servers speak TLS. */
    REDLINE_NATS_CA_FILE: z.string().optional(),
    /** Socket file of the HTTP API (mode 0600). */
    REDLINE_HTTP_SOCKET: z.string().optional(),
    /** host:port of the HTTP API; loopback where no host is given. Elsewhere put TLS before it. Needs REDLINE_HTTP_TOKENS_FILE. */
    REDLINE_HTTP_LISTEN: listen.optional(),
    /** File with a line `role name sha256` for each token of the HTTP API; `redline token add` writes it. */
    REDLINE_HTTP_TOKENS_FILE: z.string().min(1).optional(),
    /** Names under which the HTTP API may be called, comma separated; addresses and `localhost` always may. */
    REDLINE_HTTP_HOSTS: list.default([]),
    /** 1: /healthz, /readyz and /metrics need no token from elsewhere either; on loopback they never do. */
    REDLINE_METRICS_OPEN: z.literal("1").optional(),
    /** Enrolled node ids, comma separated; records and inventories of others are dropped. */
    REDLINE_NODES: list.pipe(z.array(enrolledNameSchema).max(1000)).default([]),
    /** `lab.json` of `redline init`, in place of REDLINE_NODES: read again when it changes, and on SIGHUP. */
    REDLINE_NODES_FILE: z.string().min(1).optional(),
    /** PEM file with the Ed25519 key that signs commands; STATE_DIR/coordinator.key without it, made at the first start. */
    REDLINE_SIGNING_KEY_FILE: z.string().min(1).optional(),
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
    /** Size of each node's bucket of large objects; the server sets so much aside for each. A node whose bucket is full waits. MiB. */
    REDLINE_OBJECTS_MIB: whole(17, 1_048_576).default(64),
    REDLINE_LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error"]).default("info"),
  })
  .refine((s) => s.REDLINE_HTTP_SOCKET !== undefined || s.REDLINE_HTTP_LISTEN !== undefined, {
    path: ["REDLINE_HTTP_SOCKET"],
    message: "set this or REDLINE_HTTP_LISTEN",
  })
  .refine((s) => s.REDLINE_HTTP_LISTEN === undefined || s.REDLINE_HTTP_TOKENS_FILE !== undefined, {
    path: ["REDLINE_HTTP_LISTEN"],
    message:
      "a listener on TCP needs REDLINE_HTTP_TOKENS_FILE: make one with `redline token add NAME --role operator --file FILE`, or use REDLINE_HTTP_SOCKET alone",
  })
  .refine((s) => s.REDLINE_STANDBY === "off" || s.REDLINE_NATS_URLS.length > 0, {
    path: ["REDLINE_STANDBY"],
    message: "a pair of coordinators meets on one bus: name its servers in REDLINE_NATS_URLS",
  })
  .refine((s) => s.REDLINE_NODES.length > 0 !== (s.REDLINE_NODES_FILE !== undefined), {
    path: ["REDLINE_NODES"],
    message: "give at least one node id, or REDLINE_NODES_FILE, and not both",
    // Every bad setting is named at once: this one also beside others.
    when: ({ value }) => nodesGiven.safeParse(value).success,
  });
export type Settings = z.infer<typeof schema>;

/** @throws ConfigError naming every bad setting at once. */
export const loadSettings = (env: Readonly<Record<string, string | undefined>>): Settings =>
  parseSettings(schema, env);

/** How many copies the bus keeps of what is on it. */
export const replicasOf = ({ REDLINE_NATS_REPLICAS: replicas, REDLINE_NATS_URLS: urls }: Settings): number =>
  replicas ?? (urls.length >= 3 ? 3 : 1);

/** Every place where the HTTP API listens. */
export function listensOf(settings: Settings): Listen[] {
  const { REDLINE_HTTP_SOCKET: socketPath, REDLINE_HTTP_LISTEN: address } = settings;
  return [...(socketPath === undefined ? [] : [{ socketPath }]), ...(address === undefined ? [] : [address])];
}
