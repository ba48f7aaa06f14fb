import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { StudyId, SubmitRequest } from "@redline/shared";
import { z } from "zod";
import { coordinatorEntry, nodeAgentEntry } from "../../../cli/dist/lab/lab-daemons.js";
import { LAB_ADDRESS, labPort, makeBridge } from "../../../cli/dist/lab/lab-network.js";
import { LabParts } from "../../../cli/dist/lab/lab-parts.js";
import type { LabPlan } from "../../../cli/dist/lab/lab-protocol.js";
import { createApiClient, type ApiClient } from "../../../cli/dist/source/api-client.js";
import { send } from "../../../cli/dist/source/http-call.js";
import { isNode, scan } from "../drills/lab-scan.ts";
import { until } from "../kit/until.ts";
import { BusProxy } from "./bus-proxy.ts";
import { ControlParts, coordinatorsOf, NATS_PORT, PROXY_PORT } from "./control-parts.ts";
import { KeptRunning } from "./kept-running.ts";
import { LabCells } from "./lab-cells.ts";
import { LabJournal } from "./lab-journal.ts";
import { SlowLink } from "./slow-link.ts";

/** Each part's state lies on a disk of its own, which can be filled. */
const DISK_MIB = 128;
const ASK_MS = 700;
const readyzSchema = z.object({ role: z.string() });

/** The suite's lab: its parts on small disks, with clocks that can be stepped and a bus that can be made bad; what dies is started again. */
export class ChaosLab {
  readonly plan: LabPlan;
  readonly coordinators: readonly string[];
  readonly journal: LabJournal;
  readonly proxy: BusProxy;
  readonly clocksDir: string;
  readonly cells: LabCells;
  readonly slowLink: SlowLink;
  readonly #control: ControlParts;
  readonly #clients: ReadonlyMap<string, ApiClient>;
  /** The bus and the coordinators. A daemon is started again by its own host's init. */
  readonly #kept: ReadonlyMap<string, KeptRunning>;

  private constructor(
    plan: LabPlan,
    control: ControlParts,
    proxy: BusProxy,
    kept: ReadonlyMap<string, KeptRunning>,
  ) {
    this.plan = plan;
    this.coordinators = [...kept.keys()].filter((part) => part !== "nats");
    this.#control = control;
    this.proxy = proxy;
    this.#kept = kept;
    this.clocksDir = clocksDirOf(plan);
    this.cells = new LabCells(plan);
    this.slowLink = new SlowLink(plan.ip);
    this.#clients = new Map(
      this.coordinators.map((name) => [name, createApiClient({ socketPath: control.socketOf(name) })]),
    );
    this.journal = new LabJournal(
      this.coordinators.map((name) => join(plan.stateDir, name, "journal.jsonl")),
    );
  }

  static async up(plan: LabPlan, pair: boolean, seed: number): Promise<ChaosLab> {
    const names = coordinatorsOf(pair);
    for (const part of ["nats", ...names, ...plan.hosts]) disk(join(plan.stateDir, part));
    mkdirSync(clocksDirOf(plan));
    makeBridge(plan.ip);
    const control = new ControlParts(plan, pair);
    control.prepare();
    const keep = (start: () => ReturnType<ControlParts["bus"]>) =>
      KeptRunning.of(start(), () => Promise.resolve(start()));
    const kept = new Map([["nats", keep(() => control.bus())]]);
    const upstream = { host: LAB_ADDRESS, port: NATS_PORT };
    const proxy = await BusProxy.listen({ host: LAB_ADDRESS, port: PROXY_PORT }, upstream, seed);
    for (const name of names)
      kept.set(
        name,
        keep(() => control.coordinator(name)),
      );
    const parts = new LabParts(plan);
    for (const [index, host] of plan.hosts.entries()) await parts.host(host, index);
    const lab = new ChaosLab(plan, control, proxy, kept);
    await until("every part is there", async () => (await lab.away()).length === 0, 60_000);
    return lab;
  }

  get pair(): boolean {
    return this.coordinators.length > 1;
  }

  addressOf(part: string): string {
    if (this.coordinators.includes(part)) return this.#control.addressOf(part);
    return labPort(part, this.plan.hosts.indexOf(part)).address;
  }

  /** Pids of a part; empty while it is down. */
  pids(part: string): number[] {
    const config = join(this.plan.stateDir, "nats.conf");
    const isOf = (environ: string, setting: string) => environ.split("\0").includes(`${setting}=${part}`);
    return scan()
      .filter(({ argv, environ }) => {
        if (part === "nats") return argv.includes(config);
        if (isNode(argv, coordinatorEntry)) return isOf(environ, "REDLINE_COORDINATOR_NAME");
        return isNode(argv, nodeAgentEntry) && isOf(environ, "REDLINE_NODE");
      })
      .map(({ pid }) => pid);
  }

  /** A part that is not started again until the answer is called. */
  hold(part: string): () => void {
    return this.#kept.get(part)?.hold() ?? (() => undefined);
  }

  /** Who leads, by each one's own word; null while nobody says so. */
  async leader(): Promise<string | null> {
    for (const name of this.coordinators) if ((await this.#roleOf(name)) === "leader") return name;
    return null;
  }

  /** Handed in until a coordinator takes it. */
  async submit(study: SubmitRequest): Promise<StudyId> {
    const submit = async () => {
      const client = this.#clients.get((await this.leader()) ?? "");
      return client?.submit(study).catch(() => null);
    };
    return (await until("the coordinator takes a study", submit, 60_000)).study;
  }

  /** Parts that are not there, or take no work. */
  async away(): Promise<string[]> {
    const leader = await this.leader();
    const nodes = await this.#clients
      .get(leader ?? "")
      ?.nodes()
      .catch(() => []);
    const roles = await Promise.all(this.coordinators.map((name) => this.#roleOf(name)));
    return [
      ...(leader === null ? ["no coordinator leads"] : []),
      ...this.coordinators.filter((_, i) => roles[i] === null).map((name) => `${name} is not there`),
      ...this.plan.hosts.flatMap((host) => {
        const state = nodes?.find(({ inventory }) => inventory.node === host)?.inventory.state;
        return state === "ready" ? [] : [`${host} is ${state ?? "not there"}`];
      }),
    ];
  }

  /** The disks go with the lab: what a failed run left on them is kept beside. */
  keep(name: string): void {
    for (const part of [...this.coordinators, ...this.plan.hosts]) {
      const filter = (path: string) => !path.includes("/cells/") && !path.endsWith(".sock");
      const to = join(this.plan.stateDir, name, part);
      cpSync(join(this.plan.stateDir, part), to, { recursive: true, filter });
    }
  }

  async #roleOf(name: string): Promise<string | null> {
    const call = { method: "GET", path: "/readyz", timeoutMs: ASK_MS };
    const answer = await send({ socketPath: this.#control.socketOf(name) }, call).catch(() => null);
    try {
      return answer === null ? null : readyzSchema.parse(JSON.parse(answer.text)).role;
    } catch {
      return null;
    }
  }
}

export const clocksDirOf = ({ stateDir }: Pick<LabPlan, "stateDir">) => join(stateDir, "clocks");

function disk(path: string): void {
  mkdirSync(path, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", `mode=755,size=${DISK_MIB}m`, "tmpfs", path]);
}
