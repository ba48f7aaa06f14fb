import { chmod, mkdir, open, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fromSeed } from "@nats-io/nkeys";
import type { CoordinatorName, NodeId } from "@redline/shared";
import { labFileSchema, makeNatsConfig } from "@redline/daemon";

export interface EmbeddedConfigOptions {
  /** The coordinator's state folder. */
  readonly dir: string;
  readonly coordinator: CoordinatorName;
  readonly nodes: readonly NodeId[];
  /** `lab.json`, whose public keys come before those made here. */
  readonly labFile?: string | undefined;
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
  const { dir, coordinator, nodes, labFile, listen, serverVersion } = options;
  const paths = embeddedPaths(dir);
  await mkdir(paths.nats, { recursive: true, mode: 0o700 });
  await mkdir(paths.keys, { recursive: true, mode: 0o700 });
  await chmod(paths.keys, 0o700);
  const roles = [coordinator, ...nodes];
  const publicKeys = await labKeys(labFile, roles);
  for (const role of roles) {
    const seed = await readIfThere(paths.seedOf(role));
    if (seed !== null) publicKeys[role] ??= fromSeed(new TextEncoder().encode(seed)).getPublicKey();
  }
  const made = makeNatsConfig({
    coordinators: [coordinator],
    nodes,
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

async function labKeys(file: string | undefined, roles: readonly string[]): Promise<Record<string, string>> {
  if (file === undefined) return {};
  const { nodes, coordinators } = labFileSchema.parse(JSON.parse(await readFile(file, "utf8")));
  const known = [...coordinators, ...nodes.filter((node) => node.revoked === null)];
  return Object.fromEntries(
    known.filter(({ name }) => roles.includes(name)).map(({ name, publicKey }) => [name, publicKey]),
  );
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
