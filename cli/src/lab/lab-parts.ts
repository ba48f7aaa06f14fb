import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeNatsConfig } from "@redline/daemon";
import { COORDINATOR } from "@redline/shared";
import { brainListenersEntry, coordinatorEntry, daemonEnv, hostInit, nodeAgentEntry } from "./lab-daemons.ts";
import { connectHost, LAB_ADDRESS, labPort } from "./lab-network.ts";
import { LabProcess } from "./lab-process.ts";
import type { LabPlan } from "./lab-protocol.ts";

const PORT = 4222;

/** Starts the lab's parts, each its own process with its own key on the bus, as on real machines. */
export class LabParts {
  readonly #plan: LabPlan;
  readonly #logDir: string;

  constructor(plan: LabPlan) {
    this.#plan = plan;
    this.#logDir = join(plan.stateDir, "logs");
  }

  /** The same configuration and permissions that `redline init` makes for a lab of machines; fresh keys at each start. */
  async bus(): Promise<LabProcess> {
    const { stateDir, hosts, natsServer, natsVersion } = this.#plan;
    await mkdir(this.#logDir, { recursive: true });
    await mkdir(join(stateDir, "keys"), { recursive: true, mode: 0o700 });
    const { config, seeds } = makeNatsConfig({
      nodes: hosts,
      storeDir: join(stateDir, "nats"),
      listen: `${LAB_ADDRESS}:${PORT}`,
      maxFileStore: "1GB",
      ...(natsVersion === "" ? {} : { serverVersion: natsVersion }),
    });
    for (const [role, seed] of Object.entries(seeds))
      await writeFile(this.#seed(role), `${seed}\n`, { mode: 0o600 });
    const path = join(stateDir, "nats.conf");
    await writeFile(path, config);
    return new LabProcess("nats-server", natsServer, ["-c", path], {
      logDir: this.#logDir,
      env: daemonEnv({}),
    });
  }

  async coordinator(): Promise<LabProcess> {
    const { hosts, leaseMs, socketPath, logLevel, coordinatorSettings } = this.#plan;
    const settings = {
      REDLINE_STATE_DIR: await this.#stateOf("coordinator"),
      ...this.#login(COORDINATOR),
      REDLINE_HTTP_SOCKET: socketPath,
      REDLINE_NODES: hosts.join(","),
      REDLINE_LEASE_MS: String(leaseMs),
      // All of a lab's hosts are there from the start: what does not fit now never will.
      REDLINE_UNPLACEABLE_MS: "3000",
      // The bus of a lab is small.
      REDLINE_OBJECTS_MIB: "32",
      REDLINE_LOG_LEVEL: logLevel,
      ...coordinatorSettings,
    };
    const env = daemonEnv(settings);
    return new LabProcess("coordinator", process.execPath, [coordinatorEntry], { logDir: this.#logDir, env });
  }

  /** A host with its own PID, mount, UTS and network namespace, and its node daemon below its own init. */
  async host(host: string, index: number): Promise<LabProcess> {
    const { ip, nft, unshare, bash, slots, specimenDirs, leaseMs, logLevel, stateDir, nodeSettings, hosts } =
      this.#plan;
    const address = connectHost(ip, host, index, nft);
    const settings = {
      REDLINE_NODE: host,
      REDLINE_STATE_DIR: await this.#stateOf(host),
      ...this.#login(host),
      REDLINE_COORDINATOR_PUB: join(stateDir, "coordinator", "coordinator.pub"),
      REDLINE_ADVERTISE: address,
      REDLINE_SLOTS: String(slots),
      REDLINE_LABELS: `lab=${host}`,
      REDLINE_SPECIMEN_DIRS: specimenDirs.join(":"),
      REDLINE_LEASE_EVERY_MS: String(Math.max(500, Math.floor(leaseMs / 5))),
      REDLINE_LOG_LEVEL: logLevel,
      REDLINE_LAB: "1",
      REDLINE_SELF_TEST: "on-order",
      REDLINE_SELF_TEST_ADDRESSES: `coordinator=${LAB_ADDRESS}:8770,peer=${labPort("peer", (index + 1) % hosts.length).address}:22`,
      REDLINE_STERILE_AGAIN_MS: "2000",
      ...nodeSettings,
      ...this.#listeners(),
    };
    // prettier-ignore
    const args = ["netns", "exec", host, unshare, "--pid", "--fork", "--kill-child", "--mount", "--uts", "--ipc", "--mount-proc",
      bash, hostInit, host, process.execPath, nodeAgentEntry];
    return new LabProcess(host, ip, args, { logDir: this.#logDir, env: daemonEnv(settings), inner: true });
  }

  /** For the host's init, which starts them and keeps both settings from the daemon. */
  #listeners(): Record<string, string> {
    const { brainRelays = [] } = this.#plan;
    if (brainRelays.length === 0) return {};
    return { LAB_LISTENERS: JSON.stringify(brainRelays), LAB_LISTENERS_ENTRY: brainListenersEntry };
  }

  #seed(role: string): string {
    return join(this.#plan.stateDir, "keys", `${role}.nk`);
  }

  #login(role: string) {
    return { REDLINE_NATS_URLS: `nats://${LAB_ADDRESS}:${PORT}`, REDLINE_NATS_NKEY_FILE: this.#seed(role) };
  }

  async #stateOf(name: string): Promise<string> {
    const path = join(this.#plan.stateDir, name);
    await mkdir(path, { recursive: true });
    return path;
  }
}
