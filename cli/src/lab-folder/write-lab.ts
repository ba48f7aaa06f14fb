import { chmod, readFile } from "node:fs/promises";
import { makeNatsConfig, type LabFile } from "@redline/daemon";
import { CliError, EXIT } from "../exit-codes.ts";
import { coordinatorEnv, nodeEnv } from "./env-files.ts";
import { keepFile, replaceFile } from "./keep-file.ts";
import { labCertificate, type ServerCertificate } from "./lab-ca.ts";
import { signingKeyAt, type SigningKey } from "./lab-keys.ts";
import { labPaths } from "./lab-paths.ts";

const TOKENS_HEAD = "# role name sha256: one token of the HTTP API a line. `redline token add` writes it.\n";

export interface WrittenLab {
  /** Of the lab's own CA; null without one. */
  readonly certificate: ServerCertificate | null;
}

/**
 * Writes all that follows from a lab file: certificates, nats.conf, and each machine's folder; `lab.json` itself last but nats.conf, so
 * that what is cut off in between can be repeated. Nothing that is secret, and no settings file, is ever written over.
 * @throws CliError
 */
export async function writeLab(dir: string, lab: LabFile, now = new Date()): Promise<WrittenLab> {
  const paths = labPaths(dir);
  const { bus } = lab;
  const certificate = bus.tls === "lab" ? await labCertificate(paths, bus.servers.map(hostOf), now) : null;
  const siteCa = bus.tls === "site" && bus.tlsFiles?.ca != null ? await readCa(bus.tlsFiles.ca) : null;
  const caPem = certificate?.caPem ?? siteCa;

  let signing: SigningKey | null = null;
  for (const { name } of lab.coordinators) {
    const own = paths.coordinator(name);
    signing = await signingKeyAt(own, signing);
    await replaceFile(own.publicKey, signing.publicPem);
    await keepFile(own.env, coordinatorEnv(lab, name, caPem !== null), 0o644);
    await keepFile(own.tokens, TOKENS_HEAD, 0o644);
    if (caPem !== null) await replaceFile(own.ca, caPem);
    await chmod(own.dir, 0o700);
  }
  for (const node of lab.nodes.filter((one) => one.revoked === null)) {
    const own = paths.node(node.name);
    await keepFile(own.env, nodeEnv(lab, node, caPem !== null), 0o644);
    await replaceFile(own.publicKey, signing?.publicPem ?? "");
    if (caPem !== null) await replaceFile(own.ca, caPem);
    await chmod(own.dir, 0o700);
  }
  const config = natsConf(dir, lab);
  // The coordinator stops counting a removed node before its login goes: what it still sends is dropped either way.
  const text = `${JSON.stringify(lab, null, 2)}\n`;
  await replaceFile(paths.lab, text);
  for (const { name } of lab.coordinators) await replaceFile(paths.coordinator(name).lab, text);
  await replaceFile(paths.natsConf, config);
  return { certificate };
}

function natsConf(dir: string, lab: LabFile): string {
  const paths = labPaths(dir);
  const { bus } = lab;
  const left = lab.nodes.filter((node) => node.revoked === null);
  const roles = [...lab.coordinators, ...lab.observers, ...left];
  const tls =
    bus.tls === "lab"
      ? { certFile: paths.serverCert, keyFile: paths.serverKey }
      : bus.tlsFiles === null
        ? undefined
        : { certFile: bus.tlsFiles.cert, keyFile: bus.tlsFiles.key };
  try {
    return makeNatsConfig({
      nodes: left.map((node) => node.name),
      formerNodes: lab.nodes.filter((node) => node.revoked !== null).map((node) => node.name),
      coordinators: lab.coordinators.map((one) => one.name),
      observers: lab.observers.map((one) => one.name),
      publicKeys: Object.fromEntries(roles.map((role) => [role.name, role.publicKey])),
      listen: bus.listen,
      storeDir: bus.storeDir,
      monitor: bus.monitor ?? undefined,
      pidFile: bus.pidFile ?? undefined,
      serverVersion: bus.serverVersion ?? undefined,
      ...(tls === undefined ? {} : { tls }),
    }).config;
  } catch (error) {
    if (error instanceof RangeError) throw new CliError(EXIT.usage, error.message, { cause: error });
    throw error;
  }
}

async function readCa(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new CliError(EXIT.usage, `--tls-ca: ${said}`, { cause: error });
  }
}

/** Without the port. */
export const hostOf = (server: string) => server.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
