import { z } from "zod";
import { nodeIdSchema, slugSchema } from "@redline/shared";
import { parseSettings } from "@redline/daemon";

const list = (separator: string) =>
  z.string().transform((text) => text.split(separator).filter((part) => part !== ""));
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

const schema = z.object({
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
  REDLINE_LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error"]).default("info"),
});
export type Settings = z.infer<typeof schema>;

/** @throws ConfigError naming every bad setting at once. */
export const loadSettings = (env: Readonly<Record<string, string | undefined>>): Settings =>
  parseSettings(schema, env);
