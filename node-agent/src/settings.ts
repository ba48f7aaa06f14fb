import { z } from "zod";
import { nodeIdSchema, slugSchema } from "@redline/shared";
import { parseSettings } from "@redline/daemon";

const list = (separator: string) =>
  z.string().transform((text) => text.split(separator).filter((part) => part !== ""));
interface Listener {
  readonly host: string;
  readonly port: number;
}
const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

const labels = z.string().transform((text, context) => {
  const entries = text
    .split(",")
    .filter((part) => part !== "")
    .map((part) => {
      const [name, ...rest] = part.split("=");
      const key = slugSchema.safeParse(name);
      if (!key.success || rest.length === 0) context.addIssue(`"${part}" is not name=value`);
      return [name ?? "", rest.join("=")] as const;
    });
  return Object.fromEntries(entries);
});

const selfTestAddresses = z.string().transform((text, context) => {
  const found: { coordinator?: Listener; peer?: Listener } = {};
  for (const part of text.split(",").filter((one) => one !== "")) {
    const {
      name,
      host = "",
      port,
    } = /^(?<name>coordinator|peer)=(?<host>[^=]+):(?<port>\d{1,5})$/.exec(part)?.groups ?? {};
    if (name === "coordinator" || name === "peer") found[name] = { host, port: Number(port) };
    else context.addIssue(`"${part}" is not coordinator=HOST:PORT or peer=HOST:PORT`);
  }
  return found;
});

/** Production looks again a minute later: what a job daemon starts comes by the minute. */
const SECOND_LOOK_MS = 60_000;

const schema = z
  .object({
    /** Name of this node; must be enrolled at the coordinator. */
    REDLINE_NODE: nodeIdSchema,
    /** Folder for the node's journal and its cells' files. */
    REDLINE_STATE_DIR: z.string().min(1),
    /** NATS servers, comma separated. */
    REDLINE_NATS_URLS: list(",").pipe(z.array(z.string()).min(1)),
    /** File with this node's NKey seed. */
    REDLINE_NATS_NKEY_FILE: z.string().optional(),
    /** CA certificate, where the servers speak TLS. */
    REDLINE_NATS_CA_FILE: z.string().optional(),
    /** PEM file with the coordinator's Ed25519 public key: only commands signed with it are obeyed. */
    REDLINE_COORDINATOR_PUB: z.string().min(1),
    /** Address under which other nodes reach the link to this node's cells. */
    REDLINE_ADVERTISE: z.string().min(1),
    /** Cells at once. */
    REDLINE_SLOTS: whole(0, 64).default(1),
    /** name=value, comma separated; study files choose devices by these. */
    REDLINE_LABELS: labels.default({}),
    /** Folders whose sub-folders are specimens, colon separated. */
    REDLINE_SPECIMEN_DIRS: list(":").default([]),
    /** `.cache/tools/manifest.json` of the set-up script; programs are looked for on PATH without it. */
    REDLINE_TOOLS: z.string().optional(),
    /** host:port of /healthz and /metrics; none without it. */
    REDLINE_HTTP_LISTEN: z
      .string()
      .regex(/^[^:]+:\d+$/, "host:port")
      .optional(),
    /** Folder with API keys of brains, one file a key: a study names the file, never a path. No keys without it. */
    REDLINE_KEY_DIR: z.string().min(1).optional(),
    /** How often a lease and the inventory are renewed, ms. */
    REDLINE_LEASE_EVERY_MS: whole(200, 60_000).default(5000),
    /** Base URLs at which brains of studies may live, comma separated; without it those on this node's loopback. */
    REDLINE_BRAIN_URLS: list(",")
      .pipe(z.array(z.url({ protocol: /^https?$/ })))
      .default([]),
    /** Without a pulse of the coordinator for so long every cell here is emptied, ms. */
    REDLINE_PULSE_LIMIT_MS: whole(2000, 600_000).default(15_000),
    /** A cell whose init hears nothing of this daemon for so long ends itself, ms. */
    REDLINE_CELL_HEARTBEAT_MS: whole(1500, 60_000).default(5000),
    /** How long after an attempt the node is looked through again, ms; less than a minute only in a lab on one machine. */
    REDLINE_STERILE_AGAIN_MS: whole(0, 3_600_000).default(SECOND_LOOK_MS),
    /** Set by `redline lab`: this node is a host of a lab on one machine. */
    REDLINE_LAB: z.literal("1").optional(),
    /** A file that ends everything on this node as soon as it is there; STATE_DIR/kill without it. */
    REDLINE_KILL_FILE: z.string().min(1).optional(),
    /** `at-start`: the escape suite runs at the first start on each boot; `on-order`: only when it is asked for. */
    REDLINE_SELF_TEST: z.enum(["at-start", "on-order"]).default("at-start"),
    /**
     * More addresses that the escape suite tries from inside a cell, as `coordinator=HOST:PORT` and `peer=HOST:PORT` (sshd, or anything
     * that listens, of another node), comma separated. This node's own and the bus's are tried in any case.
     */
    REDLINE_SELF_TEST_ADDRESSES: selfTestAddresses.default({}),
    /** What makes the cells. */
    REDLINE_CELL_DRIVER: z.enum(["bubblewrap", "podman", "docker"]).default("bubblewrap"),
    /** Image of the cells, where a container engine makes them. */
    REDLINE_CELL_IMAGE: z.string().min(1).optional(),
    REDLINE_LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error"]).default("info"),
  })
  .refine((s) => s.REDLINE_LAB === "1" || s.REDLINE_STERILE_AGAIN_MS >= SECOND_LOOK_MS, {
    path: ["REDLINE_STERILE_AGAIN_MS"],
    message: `at least ${SECOND_LOOK_MS}`,
  })
  .refine((s) => s.REDLINE_CELL_DRIVER === "bubblewrap" || s.REDLINE_CELL_IMAGE !== undefined, {
    path: ["REDLINE_CELL_IMAGE"],
    message: "podman and docker need an image",
  });
export type Settings = z.infer<typeof schema>;

/** @throws ConfigError naming every bad setting at once. */
export const loadSettings = (env: Readonly<Record<string, string | undefined>>): Settings =>
  parseSettings(schema, env);
