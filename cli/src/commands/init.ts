import { isIP } from "node:net";
import { resolve } from "node:path";
import { isLoopback, whyNoNodeName, type LabFile } from "@redline/daemon";
import { coordinatorNameSchema, COORDINATOR, terminalLine } from "@redline/shared";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { addNode } from "../lab-folder/add-node.ts";
import { userKeyAt } from "../lab-folder/lab-keys.ts";
import { labPaths } from "../lab-folder/lab-paths.ts";
import { labIfThere } from "../lab-folder/read-lab.ts";
import { reloadServer } from "../lab-folder/reload-server.ts";
import { installedNatsVersion } from "../lab-folder/nats-version.ts";
import { hostOf, writeLab } from "../lab-folder/write-lab.ts";
import { safeJson } from "../terminal/safe-json.ts";

export interface InitOptions {
  readonly json: boolean;
  /** `name` or `name=ADDRESS`, comma separated. */
  readonly nodes?: string | undefined;
  readonly standby: boolean;
  readonly listen?: string | undefined;
  /** host or host:port at which the daemons reach the bus. */
  readonly server: readonly string[];
  readonly tls?: string | undefined;
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly tlsCa?: string | undefined;
  readonly storeDir?: string | undefined;
  readonly monitor?: string | undefined;
  readonly serverVersion?: string | undefined;
}

const LISTEN = "127.0.0.1:4222";
const STANDBY = coordinatorNameSchema.parse("coordinator-b");

/** `redline init DIR`: a lab folder with keys, certificates, nats.conf and settings. Run again it completes what is there. */
export async function initCommand(
  { terminal: { out, err }, cwd }: Context,
  folder: string,
  options: InitOptions,
): Promise<ExitCode> {
  const dir = resolve(cwd, folder);
  const paths = labPaths(dir);
  const there = await labIfThere(dir);
  const bus = busOf(dir, cwd, there, options);
  const at = new Date().toISOString();
  const wanted = (options.nodes ?? "").split(",").filter((node) => node !== "");
  if (there === null && wanted.length === 0)
    throw new CliError(EXIT.usage, "a lab has at least one node", {
      remedy: "name them: --nodes alpha,beta",
    });
  const problems = wanted.flatMap((node) => whyNoNodeName(node.split("=")[0] ?? "") ?? []);
  if (problems.length > 0) throw new CliError(EXIT.usage, `--nodes: ${problems.join("; ")}`);

  const names = [COORDINATOR, ...(options.standby ? [STANDBY] : [])];
  const coordinators = [...(there?.coordinators ?? [])];
  for (const name of names)
    if (!coordinators.some((known) => known.name === name))
      coordinators.push({ name, publicKey: await userKeyAt(paths.coordinator(name).seed), addedAt: at });
  let lab: LabFile = {
    ...{ v: 1 as const, createdAt: there?.createdAt ?? at, bus, coordinators },
    ...{ observers: there?.observers ?? [], nodes: there?.nodes ?? [] },
  };
  const known = new Set(lab.nodes.filter((node) => node.revoked === null).map((node): string => node.name));
  for (const node of wanted) {
    const [name = "", address] = node.split("=");
    if (!known.has(name)) lab = await addNode(dir, lab, { name, address, publicKey: undefined }, at);
  }
  const { certificate } = await writeLab(dir, lab);
  const reloaded = there === null ? null : await reloadServer(lab);

  if (options.json) {
    const ends = certificate === null ? null : { ca: certificate.caEnds, server: certificate.serverEnds };
    out.line(
      safeJson({ lab: paths.lab, nodes: lab.nodes.map((node) => node.name), certificates_end: ends }, 2),
    );
    return EXIT.done;
  }
  out.line(
    `${paths.lab}: ${lab.nodes.filter((n) => n.revoked === null).length} nodes, ${lab.coordinators.length} coordinators`,
  );
  if (certificate !== null)
    out.line(
      `certificate of the server ${certificate.fresh ? "made" : "kept"}: ends ${day(certificate.serverEnds)} (\`redline init\` again renews it in its last 60 days); its CA ends ${day(certificate.caEnds)}`,
    );
  if (reloaded?.told === true) out.line(`${reloaded.program} (process ${reloaded.pid}) was told`);
  for (const line of nextSteps(dir, lab)) out.line(line);
  if (bus.serverVersion === null)
    err.line(
      "version of nats-server unknown: its fsync of every record is left out; give --server-version X.Y.Z",
    );
  if (bus.tls === "none" && !isLoopback(bus.listen))
    err.line(
      err.paint.bad(
        `${bus.listen} is no loopback and has no TLS: anybody on the way can read and change what passes`,
      ),
    );
  if (bus.tls !== "none" && bus.servers.some((server) => isIP(hostOf(server)) !== 0))
    err.line(
      "daemons that are told an address check the name localhost instead of it: give host names with --server where you can",
    );
  return EXIT.done;
}

/** The bus as given, or as it is; a difference between the two is refused: it would change what daemons rely on. */
function busOf(dir: string, cwd: string, there: LabFile | null, options: InitOptions): LabFile["bus"] {
  const paths = labPaths(dir);
  const listen = options.listen ?? there?.bus.listen ?? LISTEN;
  const port = /:(-?\d{1,5})$/.exec(listen)?.[1];
  if (port === undefined) throw new CliError(EXIT.usage, `--listen: expected HOST:PORT, got "${listen}"`);
  const tls = options.tls ?? there?.bus.tls ?? (isLoopback(listen) ? "none" : "lab");
  if (tls !== "none" && tls !== "lab" && tls !== "site")
    throw new CliError(EXIT.usage, `--tls: expected lab, site or none, got "${tls}"`);
  const files = [options.tlsCert, options.tlsKey];
  const tlsFiles =
    options.tlsCert !== undefined && options.tlsKey !== undefined
      ? {
          cert: options.tlsCert,
          key: options.tlsKey,
          ca: options.tlsCa === undefined ? null : resolve(cwd, options.tlsCa),
        }
      : (there?.bus.tlsFiles ?? null);
  if (tls === "site" && tlsFiles === null)
    throw new CliError(EXIT.usage, "--tls site needs --tls-cert and --tls-key, as the server sees them");
  if (tls !== "site" && files.some((file) => file !== undefined))
    throw new CliError(EXIT.usage, "--tls-cert and --tls-key belong to --tls site");
  const host = hostOf(listen);
  const anywhere = host === "0.0.0.0" || host === "::" || host === "";
  const given = options.server.map((server) => (/:\d+$/.test(server) ? server : `${server}:${port}`));
  if (given.length === 0 && there === null && anywhere)
    throw new CliError(EXIT.usage, `--listen ${listen} says no address at which the daemons reach the bus`, {
      remedy: "name it with --server HOST",
    });
  const servers =
    given.length > 0 ? given : (there?.bus.servers ?? [tls === "none" ? listen : localName(listen)]);
  const storeDir = options.storeDir ?? there?.bus.storeDir ?? paths.natsStore;
  const bus: LabFile["bus"] = {
    ...{ listen, servers, tls, tlsFiles, storeDir },
    monitor: options.monitor ?? there?.bus.monitor ?? null,
    // With a store elsewhere the server sees other paths than this machine: there is no pid file to read here.
    pidFile: options.storeDir === undefined ? (there === null ? paths.natsPid : there.bus.pidFile) : null,
    serverVersion: options.serverVersion ?? there?.bus.serverVersion ?? installedNatsVersion(),
  };
  if (there !== null && (bus.tls !== there.bus.tls || bus.listen !== there.bus.listen))
    throw new CliError(
      EXIT.usage,
      `${terminalLine(paths.lab, 300)} says ${there.bus.listen} with TLS "${there.bus.tls}": daemons rely on that`,
      { remedy: "leave --listen and --tls out, or make a new lab folder" },
    );
  return bus;
}

const localName = (listen: string) => listen.replace(/^(127\.[\d.]+|\[::1\]):/, "localhost:");
const day = (at: Date) => at.toISOString().slice(0, 10);

const nextSteps = (dir: string, lab: LabFile) => [
  "next:",
  `  nats-server -c ${terminalLine(labPaths(dir).natsConf, 300)}`,
  ...lab.coordinators.map(({ name }) => `  ${name}: copy ${name}/* to /etc/redline of its machine`),
  "  each node: copy nodes/NAME/* to /etc/redline of its machine; fill REDLINE_ADVERTISE in where node.env has none",
  `  a token for the HTTP API: redline token add YOU --role operator --lab ${terminalLine(dir, 300)}`,
  "seeds and coordinator.key can be deleted here once they are on their machines; keep lab.json, the public halves and ca/.",
];
