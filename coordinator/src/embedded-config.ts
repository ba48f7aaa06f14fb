import { chmod, mkdir, open, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CoordinatorName, NodeId } from "@redline/shared";
import { labFileSchema, makeNatsConfig, publicKeyOfSeed } from "@redline/daemon";

export interface EmbeddedConfigOptions {
  /** The coordinator's state folder. */
  readonly dir: string;
  readonly coordinator: CoordinatorName;
  readonly nodes: readonly NodeId[];
  /** `lab.json`: where it names a node, that public key counts. */
  readonly labFile?: string | undefined;
  /** Seed with which the coordinator logs in, where it is not `keys/NAME.nk`. */
  readonly seedFile?: string | undefined;
  /** host:port */
  readonly listen: string;
  readonly serverVersion: string | undefined;
}

/** Where the embedded server's files are. */
export const embeddedPaths = (dir: string) => {
  const nats = join(dir, "nats");
  return {
    nats,
    keys: join(dir, "keys"),
    config: join(nats, "nats.conf"),
    store: join(nats, "store"),
    pid: join(nats, "nats.pid"),
    port: join(nats, "port"),
    url: join(nats, "url"),
    seedOf: (role: string) => join(dir, "keys", `${role}.nk`),
  };
};

/**
 * Writes the embedded server's configuration, and for each role whose public key is not known yet a seed in `keys/ROLE.nk` (0600):
 * a node daemon on this machine is pointed at its own. Seeds that are there stay.
 */
export async function writeEmbeddedConfig(options: EmbeddedConfigOptions): Promise<void> {
  const { dir, coordinator, nodes, listen, serverVersion } = options;
  const paths = embeddedPaths(dir);
  await mkdir(paths.nats, { recursive: true, mode: 0o700 });
  await mkdir(paths.keys, { recursive: true, mode: 0o700 });
  await chmod(paths.keys, 0o700);
  const { publicKeys, former } = await nodesOf(options.labFile);
  if (options.seedFile !== undefined)
    publicKeys[coordinator] = publicKeyOfSeed(await readFile(options.seedFile, "utf8"));
  for (const role of [coordinator, ...nodes]) {
    const seed = await readIfThere(paths.seedOf(role));
    if (seed !== null) publicKeys[role] ??= publicKeyOfSeed(seed);
  }
  const made = makeNatsConfig({
    coordinators: [coordinator],
    nodes,
    formerNodes: former,
    publicKeys,
    storeDir: paths.store,
    listen,
    serverVersion,
    serverName: "redline-embedded",
    pidFile: paths.pid,
  });
  for (const [role, seed] of Object.entries(made.seeds)) await writeSeed(paths.seedOf(role), seed);
  await writeFile(`${paths.config}.new`, made.config, { mode: 0o600 });
  await rename(`${paths.config}.new`, paths.config);
}

async function nodesOf(file: string | undefined) {
  const publicKeys: Record<string, string> = {};
  if (file === undefined) return { publicKeys, former: [] };
  const { nodes } = labFileSchema.parse(JSON.parse(await readFile(file, "utf8")));
  for (const { name, publicKey, revoked } of nodes) if (revoked === null) publicKeys[name] = publicKey;
  const former = nodes.filter(({ revoked }) => revoked !== null).map(({ name }) => name);
  return { publicKeys, former };
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

async function writeSeed(path: string, seed: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(`${seed}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}
