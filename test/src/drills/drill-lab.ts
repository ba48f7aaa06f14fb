import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { StudyId, SubmitRequest } from "@redline/shared";
import { z } from "zod";
import { coordinatorEntry, daemonEnv, nodeAgentEntry } from "../../../cli/dist/lab/lab-daemons.js";
import { makeBridge } from "../../../cli/dist/lab/lab-network.js";
import { LabParts } from "../../../cli/dist/lab/lab-parts.js";
import { LabProcess } from "../../../cli/dist/lab/lab-process.js";
import type { LabPlan } from "../../../cli/dist/lab/lab-protocol.js";
import { waitUntilReady } from "../../../cli/dist/lab/lab-ready.js";
import { createApiClient, type ApiClient } from "../../../cli/dist/source/api-client.js";
import { send } from "../../../cli/dist/source/http-call.js";
import { until } from "../kit/until.ts";
import { below, cellsOf, isNode, scan, type LabProcessRow } from "./lab-scan.ts";

const RECOVERY_MS = 120_000;
const lineSchema = z.object({
  seq: z.int(),
  body: z.object({ kind: z.string(), study: z.string().optional() }),
});

/**
 * The parts of a rootless lab, started as `redline lab` starts them, under an init that does not end the lab when one of them is
 * killed: what the nodes do about it themselves is the drill. Runs as root and PID 1 of the lab's namespaces.
 */
export class DrillLab {
  readonly plan: LabPlan;
  readonly #parts: LabParts;
  readonly #hosts = new Map<string, LabProcess>();
  readonly #study: SubmitRequest;
  readonly client: ApiClient;
  #submitted: StudyId | null = null;
  /** Of the coordinator's journal, what was read of it. */
  #seq = 0;

  private constructor(plan: LabPlan, study: SubmitRequest) {
    this.plan = plan;
    this.#parts = new LabParts(plan);
    this.#study = study;
    this.client = createApiClient({ socketPath: plan.socketPath });
  }

  /** @param study trials that go on for ever */
  static async up(plan: LabPlan, study: SubmitRequest): Promise<DrillLab> {
    await mkdir(plan.stateDir, { recursive: true });
    makeBridge(plan.ip);
    const lab = new DrillLab(plan, study);
    await lab.#parts.bus();
    await lab.#parts.coordinator();
    for (const [index, host] of plan.hosts.entries())
      lab.#hosts.set(host, await lab.#parts.host(host, index));
    await waitUntilReady(plan.socketPath, plan.hosts);
    return lab;
  }

  /** With the keys and the store that it had. */
  startNats(): void {
    const { stateDir, natsServer } = this.plan;
    // Its end is not waited for: the lab's end is.
    new LabProcess("nats-server", natsServer, ["-c", join(stateDir, "nats.conf")], {
      logDir: join(stateDir, "logs"),
      env: daemonEnv({}),
    });
  }

  async startCoordinator(): Promise<void> {
    await this.#parts.coordinator();
  }

  /** The host's port of the lab's bridge. */
  setLink(host: string, state: "up" | "down"): void {
    execFileSync(this.plan.ip, ["link", "set", `v-${host}`, state]);
  }

  /** @throws where the daemon does not run, or more than one does. */
  daemon(host: string): number {
    return only(
      scan().filter(({ argv, environ }) => isNode(argv, nodeAgentEntry) && named(environ, host)),
      `daemon of ${host}`,
    );
  }

  coordinator(): number {
    return only(
      scan().filter(({ argv }) => isNode(argv, coordinatorEntry)),
      "coordinator",
    );
  }

  nats(): number {
    const config = join(this.plan.stateDir, "nats.conf");
    return only(
      scan().filter(({ argv }) => argv.includes(config)),
      "nats-server",
    );
  }

  /** Cells that are on these hosts now, by their PID namespaces, from outside. */
  cells(hosts: readonly string[], rows = scan()): Set<string> {
    return cellsOf(hosts.flatMap((host) => this.#below(host, rows)));
  }

  /** Hosts whose cell an agent works in; the other device's cell is a bare one. */
  originsAtWork(rows = scan()): string[] {
    return this.plan.hosts.filter((host) =>
      this.#below(host, rows).some(
        ({ depth, argv }) => depth >= 2 && argv.some((arg) => arg.endsWith("agent.mjs")),
      ),
    );
  }

  /**
   * Waits until an attempt is under way with live cells on two hosts. Hands its study in anew where that one was ended, as by a stop, or by the
   * coordinator, which gives up what no node is there for.
   * @returns the origin's host and the target's
   */
  async atWork(): Promise<{ origin: string; target: string }> {
    return until(
      "an agent works in a cell, and there is one on a second host",
      async () => {
        this.#submitted ??= await this.#submit();
        const found = this.#pair();
        if (found === null && (await this.#isOver(this.#submitted))) this.#submitted = null;
        return found;
      },
      RECOVERY_MS,
    );
  }

  /** What is submitted ends with `stop --all`: the next repeat needs it anew. */
  stopped(): void {
    this.#submitted = null;
  }

  /** Takes a node back that a kill has quarantined, as a person does. */
  async clear(node: string): Promise<void> {
    const { socketPath } = this.plan;
    const body = { who: "drills", why: "the drill is over", force: true };
    await until(
      `${node} takes work again`,
      async () => {
        const call = { method: "POST", path: `/api/nodes/${node}/clear`, body, timeoutMs: 15_000 };
        await send({ socketPath }, call).catch(() => null);
        const of = (await this.client.nodes()).find(({ inventory }) => inventory.node === node);
        return of?.inventory.state === "ready";
      },
      RECOVERY_MS,
    );
  }

  async #submit(): Promise<StudyId> {
    const submit = () => this.client.submit(this.#study).catch(() => null);
    return (await until("the coordinator takes a study", submit, RECOVERY_MS)).study;
  }

  /** A coordinator that does not answer has not said so. */
  async #isOver(study: StudyId): Promise<boolean> {
    const reply = await this.client.journal(this.#seq, 0).catch(() => null);
    const records = (reply?.lines ?? []).map((line) => lineSchema.parse(JSON.parse(line)));
    this.#seq = records.at(-1)?.seq ?? this.#seq;
    return records.some(({ body }) => body.kind === "study-ended" && body.study === study);
  }

  /** One attempt's two hosts: a cell that is only left of an attempt before ends for a reason of its own. */
  #pair(): { origin: string; target: string } | null {
    const rows = scan();
    const on = (host: string, device: "o" | "t") => attemptsOn(this.#below(host, rows), device);
    for (const origin of this.originsAtWork(rows))
      for (const target of this.plan.hosts)
        if (target !== origin && this.cells([target], rows).size > 0)
          if ([...on(origin, "o")].some((attempt) => on(target, "t").has(attempt))) return { origin, target };
    return null;
  }

  #below(host: string, rows: readonly LabProcessRow[]): LabProcessRow[] {
    const init = rows.find(
      ({ argv, depth }) => depth === 1 && argv[0] === this.plan.bash && argv[2] === host,
    );
    return init === undefined ? [] : below(rows, init.pid);
  }
}

/** `<trial>-<attempt>` of the cells here, by the folders of theirs that what made them was told of. */
const attemptsOn = (rows: readonly LabProcessRow[], device: "o" | "t"): Set<string> =>
  new Set(
    rows.flatMap(({ argv }) =>
      argv.flatMap((arg) => {
        const [, attempt, half] = /\/cells\/([^/]+)-([ot])\//.exec(arg) ?? [];
        return attempt !== undefined && half === device ? [attempt] : [];
      }),
    ),
  );

const named = (environ: string, host: string) => environ.split("\0").includes(`REDLINE_NODE=${host}`);

function only(rows: readonly LabProcessRow[], what: string): number {
  const [row] = rows;
  if (row === undefined || rows.length > 1) throw new Error(`${rows.length} processes are the ${what}`);
  return row.pid;
}
