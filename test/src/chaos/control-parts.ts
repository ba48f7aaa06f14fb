import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeNatsConfig } from "@redline/daemon";
import { coordinatorEntry, daemonEnv } from "../../../cli/dist/lab/lab-daemons.js";
import { connectHost, LAB_ADDRESS, labPort } from "../../../cli/dist/lab/lab-network.js";
import { LabProcess } from "../../../cli/dist/lab/lab-process.js";
import type { LabPlan } from "../../../cli/dist/lab/lab-protocol.js";

export const NATS_PORT = 4222;
/** The daemons' way to the bus: where messages can be doubled, delayed and overtaken. */
export const PROXY_PORT = 4223;
const FIRST_INDEX = 10;

/** Names on the bus of a lab's only coordinator, or of both. */
export const coordinatorsOf = (pair: boolean): readonly string[] =>
  pair ? ["coordinator", "coordinator-b"] : ["coordinator"];

/** The lab's bus and its coordinators. A coordinator has a network of its own and a port of the bridge, as a host has: its link can be cut. */
export class ControlParts {
  readonly #plan: LabPlan;
  readonly #pair: boolean;
  readonly #logDir: string;
  readonly #keyFile: string;

  constructor(plan: LabPlan, pair: boolean) {
    this.#plan = plan;
    this.#pair = pair;
    this.#logDir = join(plan.stateDir, "logs");
    this.#keyFile = join(plan.stateDir, "keys", "signing.key");
  }

  /** Logins, the signing key that both coordinators have, and the configuration of the bus. */
  prepare(): void {
    const { stateDir, hosts, natsVersion, nft, ip } = this.#plan;
    mkdirSync(this.#logDir, { recursive: true });
    mkdirSync(join(stateDir, "keys"), { mode: 0o700 });
    const { config, seeds } = makeNatsConfig({
      nodes: hosts,
      coordinators: coordinatorsOf(this.#pair),
      storeDir: join(stateDir, "nats"),
      listen: `${LAB_ADDRESS}:${NATS_PORT}`,
      maxFileStore: "1GB",
      ...(natsVersion === "" ? {} : { serverVersion: natsVersion }),
    });
    for (const [role, seed] of Object.entries(seeds))
      writeFileSync(this.#seed(role), `${seed}\n`, { mode: 0o600 });
    const { privateKey } = generateKeyPairSync("ed25519");
    writeFileSync(this.#keyFile, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    writeFileSync(join(stateDir, "nats.conf"), config);
    for (const [index, name] of coordinatorsOf(this.#pair).entries())
      connectHost(ip, name, FIRST_INDEX + index, nft);
  }

  addressOf(name: string): string {
    return labPort(name, FIRST_INDEX + coordinatorsOf(this.#pair).indexOf(name)).address;
  }

  /** Beside the disks, so that it can be reached while one is full. */
  socketOf(name: string): string {
    const { stateDir, socketPath } = this.#plan;
    return join(socketPath.startsWith(stateDir) ? stateDir : dirname(socketPath), `${name}.sock`);
  }

  bus(): LabProcess {
    const { natsServer, stateDir } = this.#plan;
    const options = { logDir: this.#logDir, env: daemonEnv({}) };
    return new LabProcess("nats-server", natsServer, ["-c", join(stateDir, "nats.conf")], options);
  }

  coordinator(name: string): LabProcess {
    const { hosts, leaseMs, logLevel, coordinatorSettings, ip, stateDir } = this.#plan;
    const env = daemonEnv({
      REDLINE_STATE_DIR: join(stateDir, name),
      REDLINE_COORDINATOR_NAME: name,
      REDLINE_STANDBY: this.#pair ? "on" : "off",
      REDLINE_OTHER_WAIT_MS: "1000",
      REDLINE_SIGNING_KEY_FILE: this.#keyFile,
      REDLINE_NATS_URLS: `nats://${LAB_ADDRESS}:${PROXY_PORT}`,
      REDLINE_NATS_NKEY_FILE: this.#seed(name),
      REDLINE_HTTP_SOCKET: this.socketOf(name),
      REDLINE_NODES: hosts.join(","),
      REDLINE_LEASE_MS: String(leaseMs),
      REDLINE_UNPLACEABLE_MS: "3000",
      // They share a small disk.
      REDLINE_OBJECTS_MIB: "17",
      REDLINE_RECORDS_MIB: "48",
      REDLINE_JOURNAL_STREAM_MIB: "24",
      REDLINE_LOG_LEVEL: logLevel,
      ...coordinatorSettings,
    });
    const args = ["netns", "exec", name, process.execPath, coordinatorEntry];
    return new LabProcess(name, ip, args, { logDir: this.#logDir, env });
  }

  #seed(role: string): string {
    return join(this.#plan.stateDir, "keys", `${role}.nk`);
  }
}
