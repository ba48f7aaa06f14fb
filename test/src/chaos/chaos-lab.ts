import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { StudyId, SubmitRequest } from "@redline/shared";
import { coordinatorEntry, daemonEnv, nodeAgentEntry } from "../../../cli/dist/lab/lab-daemons.js";
import { LAB_ADDRESS, labPort, makeBridge } from "../../../cli/dist/lab/lab-network.js";
import { LabParts } from "../../../cli/dist/lab/lab-parts.js";
import { LabProcess } from "../../../cli/dist/lab/lab-process.js";
import type { LabPlan } from "../../../cli/dist/lab/lab-protocol.js";
import { waitUntilReady } from "../../../cli/dist/lab/lab-ready.js";
import { createApiClient, type ApiClient } from "../../../cli/dist/source/api-client.js";
import { below, scan, type LabProcessRow } from "../drills/lab-scan.ts";
import { until } from "../kit/until.ts";
import { BusProxy } from "./bus-proxy.ts";
import { hostPicture, more } from "./host-picture.ts";
import { JournalFollower } from "./journal-follower.ts";
import { KeptRunning } from "./kept-running.ts";

const NATS_PORT = 4222;
/** The node daemons' way to the bus: where messages can be doubled, delayed and overtaken. */
export const PROXY_PORT = 4223;
/** Each part's state lies on a disk of its own, which can be filled. */
const DISK_MIB = 128;
const QUIET_MS = 30_000;

/** The suite's lab: its parts on small disks, with clocks that can be stepped and a bus that can be made bad; what dies is started again. */
export class ChaosLab {
  readonly plan: LabPlan;
  readonly client: ApiClient;
  readonly journal: JournalFollower;
  readonly proxy: BusProxy;
  readonly clocksDir: string;
  readonly coordinator: KeptRunning;
  readonly nats: KeptRunning;
  /** Of each host, after the undisturbed run. */
  #pictures = new Map<string, readonly string[]>();

  private constructor(plan: LabPlan, proxy: BusProxy, coordinator: KeptRunning, nats: KeptRunning) {
    this.plan = plan;
    this.proxy = proxy;
    this.coordinator = coordinator;
    this.nats = nats;
    this.clocksDir = clocksDirOf(plan);
    this.client = createApiClient({ socketPath: plan.socketPath });
    this.journal = new JournalFollower(join(plan.stateDir, "coordinator", "journal.jsonl"));
  }

  static async up(plan: LabPlan, seed: number): Promise<ChaosLab> {
    for (const part of ["nats", "coordinator", ...plan.hosts]) disk(join(plan.stateDir, part));
    mkdirSync(clocksDirOf(plan));
    makeBridge(plan.ip);
    const parts = new LabParts(plan);
    const { stateDir, natsServer } = plan;
    const log = { logDir: join(stateDir, "logs"), env: daemonEnv({}) };
    // Started again with the keys and the store that it had.
    const natsAgain = () =>
      Promise.resolve(new LabProcess("nats-server", natsServer, ["-c", join(stateDir, "nats.conf")], log));
    const nats = KeptRunning.of(await parts.bus(), natsAgain);
    const upstream = { host: LAB_ADDRESS, port: NATS_PORT };
    const proxy = await BusProxy.listen({ host: LAB_ADDRESS, port: PROXY_PORT }, upstream, seed);
    const coordinator = KeptRunning.of(await parts.coordinator(), () => parts.coordinator());
    for (const [index, host] of plan.hosts.entries()) await parts.host(host, index);
    await waitUntilReady(plan.socketPath, plan.hosts);
    return new ChaosLab(plan, proxy, coordinator, nats);
  }

  addressOf(host: string): string {
    return labPort(host, this.plan.hosts.indexOf(host)).address;
  }

  /** Pids of a part; empty while it is down. */
  pids(part: string): number[] {
    const config = join(this.plan.stateDir, "nats.conf");
    return scan()
      .filter(({ argv, environ }) => {
        if (part === "nats") return argv.includes(config);
        if (part === "coordinator") return isNode(argv, coordinatorEntry);
        return isNode(argv, nodeAgentEntry) && environ.split("\0").includes(`REDLINE_NODE=${part}`);
      })
      .map(({ pid }) => pid);
  }

  /** The sshd of an attempt's cell, and its sessions. */
  sshds(host: string, cell: string): number[] {
    return this.#inCell(host, cell)
      .filter(({ argv }) => /(^|\/)sshd(-session)?\b/.test(argv[0] ?? ""))
      .map(({ pid }) => pid);
  }

  /** Anything of the specimen's agent runs in a cell of the attempt that this cell is one of. */
  agentWorks(cell: string): boolean {
    const cells = ["o", "t"].map((half) => cell.replace(/[ot]$/, half));
    const rows = this.plan.hosts.flatMap((host) => cells.flatMap((one) => this.#inCell(host, one)));
    return rows.some(({ argv }) => argv.some((arg) => arg.endsWith("agent.mjs")));
  }

  /** Handed in until a coordinator takes it. */
  async submit(study: SubmitRequest): Promise<StudyId> {
    const submit = () => this.client.submit(study).catch(() => null);
    return (await until("the coordinator takes a study", submit, 60_000)).study;
  }

  /** Waits until no cell is left and every node is as it was; then what that is, is what it must be after each run. */
  async learnPictures(): Promise<void> {
    await until("no cell is left", () => this.#inCells().length === 0, QUIET_MS);
    // The second looks of the daemons are over a moment later.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    for (const host of this.plan.hosts) this.#pictures.set(host, this.#picture(host));
  }

  /** What is on the hosts that was not there after the undisturbed run, and nodes that take no work; waits a while until that is nothing. */
  async leftovers(): Promise<string[]> {
    let left: string[] = [];
    const look = async () => {
      const nodes = await this.client.nodes().catch(() => []);
      left = [
        ...this.plan.hosts.flatMap((host) =>
          more(this.#pictures.get(host) ?? [], this.#picture(host)).map((line) => `${host}: ${line}`),
        ),
        ...this.plan.hosts.flatMap((host) => {
          const inventory = nodes.find((node) => node.inventory.node === host)?.inventory;
          return inventory?.state === "ready" ? [] : [`${host} is ${inventory?.state ?? "not there"}`];
        }),
      ];
      return left.length === 0;
    };
    await until("nothing is left", look, QUIET_MS).catch(() => undefined);
    return left;
  }

  /** The disks go with the lab: what a failed run left on them is kept beside. */
  keep(name: string): void {
    for (const part of ["coordinator", ...this.plan.hosts]) {
      const from = join(this.plan.stateDir, part);
      const filter = (path: string) => !path.includes("/cells/") && !path.endsWith(".sock");
      cpSync(from, join(this.plan.stateDir, name, part), { recursive: true, filter });
    }
  }

  #inCell(host: string, cell: string): LabProcessRow[] {
    const ofHost = this.#below(host, scan());
    const roots = ofHost.filter(({ argv }) => argv.some((arg) => arg.includes(`/cells/${cell}/`)));
    const rows = roots.flatMap(({ pid }) => below(ofHost, pid)).filter(({ depth }) => depth >= 2);
    return [...new Map(rows.map((row) => [row.pid, row])).values()];
  }

  #inCells(): LabProcessRow[] {
    const rows = scan();
    return this.plan.hosts.flatMap((host) => this.#below(host, rows)).filter(({ depth }) => depth >= 2);
  }

  #picture(host: string): string[] {
    const rows = scan();
    const init = this.#init(host, rows);
    return init === null ? [] : hostPicture(init, join(this.plan.stateDir, host, "cells"), rows);
  }

  #below(host: string, rows: readonly LabProcessRow[]): LabProcessRow[] {
    const init = this.#init(host, rows);
    return init === null ? [] : below(rows, init);
  }

  #init(host: string, rows: readonly LabProcessRow[]): number | null {
    const isInit = ({ argv, depth }: LabProcessRow) =>
      depth === 1 && argv[0] === this.plan.bash && argv[2] === host;
    return rows.find(isInit)?.pid ?? null;
  }
}

export const clocksDirOf = ({ stateDir }: Pick<LabPlan, "stateDir">) => join(stateDir, "clocks");

function disk(path: string): void {
  mkdirSync(path, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", `mode=755,size=${DISK_MIB}m`, "tmpfs", path]);
}

const isNode = (argv: readonly string[], entry: string) => argv[0] === process.execPath && argv[1] === entry;
