#!/usr/bin/env node
// @ts-check
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, open, readFile, rename, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { fromSeed } from "@nats-io/nkeys";

// Writes nats.conf and one key pair a role. Run it again with the new list of nodes to add or remove
// one: keys that are there stay, nats.conf is written anew, and `kill -HUP` makes the server read it.

const USAGE = `usage: node deploy/nats/make-config.mjs --out DIR --nodes alpha,beta,gamma
  [--listen HOST:PORT]        clients' port (127.0.0.1:4222)
  [--store-dir DIR]           JetStream's files, as the server sees them (OUT/jetstream)
  [--monitor HOST:PORT]       the server's status page; loopback only
  [--server-version X.Y.Z]    of the nats-server that will run (asked of nats-server on PATH)
  [--tls-cert FILE --tls-key FILE [--tls-ca FILE]]   as the server sees them; the CA is for the daemons

writes  DIR/nats.conf            public keys and permissions
        DIR/public/ROLE.pub      public keys; put one there first for a role whose seed was made elsewhere
        DIR/seeds/ROLE.seed      secrets, mode 0600, never written over
`;

/** @param {string} message @returns {never} */
function refuse(message) {
  process.stderr.write(`make-config: ${message}\n\n${USAGE}`);
  process.exit(2);
}

/** @param {string} path @returns {Promise<string | null>} */
async function readIfThere(path) {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

/** The seed alone decides the public key; a `.pub` beside it that says otherwise is a mix-up. @param {string} out @param {string} role */
async function keyOf(out, role) {
  const seed = await readIfThere(join(out, "seeds", `${role}.seed`));
  const given = await readIfThere(join(out, "public", `${role}.pub`));
  if (seed === null) return given;
  const own = fromSeed(new TextEncoder().encode(seed)).getPublicKey();
  if (given !== null && given !== own) refuse(`${role}: public/${role}.pub is not of seeds/${role}.seed`);
  return own;
}

/** @param {string} path @param {string} text */
async function writeSecret(path, text) {
  // "wx": a seed that is there is in use somewhere.
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(`${text}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** @param {string} path @param {string} text */
async function replace(path, text) {
  const fresh = `${path}.${randomBytes(4).toString("hex")}`;
  await writeFile(fresh, text, { mode: 0o644 });
  await rename(fresh, path);
}

/** @returns {string | undefined} */
function installedVersion() {
  try {
    const said = execFileSync(process.env["NATS_SERVER_BIN"] ?? "nats-server", ["--version"], {
      encoding: "utf8",
    });
    return /v?(\d+\.\d+\.\d+)/.exec(said)?.[1];
  } catch {
    return undefined;
  }
}

function readArguments() {
  const text = /** @type {const} */ ({ type: "string" });
  try {
    return parseArgs({
      options: {
        out: text,
        nodes: text,
        listen: text,
        "store-dir": text,
        monitor: text,
        "server-version": text,
        "tls-cert": text,
        "tls-key": text,
        "tls-ca": text,
      },
    }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

async function main() {
  const args = readArguments();
  if (args.out === undefined || args.nodes === undefined) refuse("--out and --nodes are needed");
  const certFile = args["tls-cert"];
  const keyFile = args["tls-key"];
  if ((certFile === undefined) !== (keyFile === undefined)) refuse("--tls-cert and --tls-key go together");
  const { COORDINATOR, makeNatsConfig, knowsSyncInterval } = await import("./nats-config.mjs").catch(
    (error) => refuse(`the packages are not built; run: npm run build (${error.message})`),
  );

  const out = resolve(args.out);
  const nodes = args.nodes.split(",").filter((node) => node !== "");
  const version = args["server-version"] ?? installedVersion();
  /** @type {Record<string, string>} */
  const publicKeys = {};
  for (const role of [COORDINATOR, ...nodes]) {
    // Refused below, together with every other bad name; never used as a path.
    if (!/^[a-z0-9-]+$/.test(role)) continue;
    const key = await keyOf(out, role);
    if (key !== null) publicKeys[role] = key;
  }
  let made;
  try {
    made = makeNatsConfig({
      nodes,
      storeDir: args["store-dir"] ?? join(out, "jetstream"),
      publicKeys,
      ...(args.listen === undefined ? {} : { listen: args.listen }),
      ...(args.monitor === undefined ? {} : { monitor: args.monitor }),
      ...(version === undefined ? {} : { serverVersion: version }),
      ...(certFile === undefined || keyFile === undefined ? {} : { tls: { certFile, keyFile } }),
    });
  } catch (error) {
    if (error instanceof RangeError) refuse(error.message);
    throw error;
  }

  await mkdir(join(out, "public"), { recursive: true });
  await mkdir(join(out, "seeds"), { recursive: true });
  await chmod(join(out, "seeds"), 0o700);
  for (const [role, seed] of Object.entries(made.seeds))
    await writeSecret(join(out, "seeds", `${role}.seed`), seed);
  for (const [role, key] of Object.entries(made.publicKeys))
    await replace(join(out, "public", `${role}.pub`), `${key}\n`);
  await replace(join(out, "nats.conf"), made.config);

  const fresh = Object.keys(made.seeds);
  const say = [`${join(out, "nats.conf")} written for ${nodes.length} nodes`];
  say.push(
    fresh.length === 0
      ? "no new keys"
      : `new keys: ${fresh.join(", ")} (take each seed to its machine, then delete it here)`,
  );
  if (version === undefined)
    say.push("version of nats-server unknown: sync_interval left out; give --server-version");
  else if (!knowsSyncInterval(version))
    say.push(
      `nats-server ${version} has no sync_interval: records in the stream may be lost by a power cut, the journals are not`,
    );
  if (certFile !== undefined)
    say.push(
      `daemons need REDLINE_NATS_CA_FILE=${args["tls-ca"] ?? "(the CA's certificate)"} and a host name, not an address, in REDLINE_NATS_URLS`,
    );
  process.stdout.write(`${say.join("\n")}\n`);
}

await main();
