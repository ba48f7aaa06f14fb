import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { pause } from "@redline/daemon";
import { planTrials, studySchema, type StudyId } from "@redline/shared";
import { CoordinatorProcess } from "../kit/coordinator-process.ts";
import { startNats } from "../kit/nats.ts";
import { until } from "../kit/until.ts";
import { checkJournal, type JournalCounts } from "./check-journal.ts";
import { lookAtLoad, type LoadLook } from "./coordinator-load.ts";
import { SimNode } from "./sim-node.ts";
import { SIM_SHA, simStudy, submitSimStudies } from "./sim-study.ts";

export interface ScaleOptions {
  readonly nodes: number;
  readonly trials: number;
  readonly slots: number;
  /** How long each "agent" works, ms. */
  readonly workMs: number;
  readonly say: (line: string) => void;
  readonly timeoutMs: number;
}

export interface ScaleResult {
  readonly journal: JournalCounts;
  /** Attempts that a node started, and those of them that were started twice. */
  readonly started: number;
  readonly startedTwice: readonly string[];
  readonly wallMs: number;
  /** Of the coordinator, over the work alone. */
  readonly cpuS: number;
  readonly rssMiB: number;
  readonly lagP99Ms: number;
  readonly lagMaxMs: number;
  readonly pageMs: number;
}

const LOOK_MS = 2000;
const STARTED_AT_ONCE = 50;
const nodesSchema = z.object({ nodes: z.array(z.unknown()) });

/** One real coordinator and one real nats-server; node daemons without cells, with a connection each, in this process. */
export async function runScale(options: ScaleOptions): Promise<ScaleResult> {
  const { nodes: count, trials, slots, workMs, say, timeoutMs } = options;
  const names = Array.from({ length: count }, (_, n) => `n${n + 1}`);
  await using nats = await startNats();
  await using coordinator = await CoordinatorProcess.create({
    ...{ REDLINE_NATS_URLS: nats.url, REDLINE_NODES: names.join(","), REDLINE_LOG_LEVEL: "warn" },
    // What is counted is the work, and not that a busy machine is slow.
    ...{ REDLINE_LEASE_MS: "120000", REDLINE_ACCEPT_MS: "300000", REDLINE_EVIDENCE_WAIT_MS: "300000" },
    REDLINE_NODE_SILENT_MS: "120000",
  });
  const dir = await mkdtemp(join(tmpdir(), "redline-scale-"));
  const nodes: SimNode[] = [];
  try {
    await coordinator.start();
    const publicKey = await coordinator.publicKey();
    const make = (node: string) =>
      SimNode.start({
        ...{ node, url: nats.url, publicKey, dir, specimenSha256: SIM_SHA, slots },
        ...{ beatMs: 5000, limitMs: 120_000, workMs: () => workMs },
      });
    for (let from = 0; from < count; from += STARTED_AT_ONCE)
      nodes.push(...(await Promise.all(names.slice(from, from + STARTED_AT_ONCE).map(make))));
    await until("all nodes seen", () => seen(coordinator, count), timeoutMs);
    say(`${count} nodes are up`);
    const before = await lookAtLoad(coordinator);
    const began = performance.now();
    const studies = await submitSimStudies(coordinator, trials);
    const looks = await watch(coordinator, options, began);
    const wallMs = performance.now() - began;
    const last = looks.at(-1) ?? before;
    await until(
      "all attempts closed",
      () => nodes.every((node) => node.registry.inUse === 0 && node.waiting === 0),
      timeoutMs,
    );
    await coordinator.end("SIGTERM");
    const starts = nodes.flatMap((node) => node.starts);
    const seenStarts = new Set<string>();
    const startedTwice = starts.filter((name) => seenStarts.size === seenStarts.add(name).size);
    const most = (of: (look: LoadLook) => number) => Math.max(...looks.map(of));
    return {
      journal: await checkJournal(join(coordinator.dir, "journal.jsonl"), trialsOf(studies, trials)),
      ...{ started: starts.length, startedTwice, wallMs, cpuS: last.cpuS - before.cpuS },
      rssMiB: most(({ rssMiB }) => rssMiB),
      lagP99Ms: most(({ lagP99Ms }) => lagP99Ms),
      lagMaxMs: most(({ lagMaxMs }) => lagMaxMs),
      pageMs: most(({ pageMs }) => pageMs),
    };
  } catch (error) {
    process.stderr.write(coordinator.said.slice(-4000));
    throw error;
  } finally {
    await Promise.allSettled(nodes.map((node) => node[Symbol.asyncDispose]()));
    await rm(dir, { recursive: true, force: true });
  }
}

const seen = async (coordinator: CoordinatorProcess, count: number) =>
  nodesSchema.parse(JSON.parse((await coordinator.get("/api/nodes")).text)).nodes.length === count;

/** Looks again and again until all trials are done. @throws after `timeoutMs`. */
async function watch(
  coordinator: CoordinatorProcess,
  { trials, say, timeoutMs }: ScaleOptions,
  began: number,
): Promise<LoadLook[]> {
  const looks: LoadLook[] = [];
  for (;;) {
    await pause(Math.min(LOOK_MS, trials / 2));
    const look = await lookOr(coordinator, looks.at(-1));
    looks.push(look);
    const atS = (performance.now() - began) / 1000;
    say(
      `${atS.toFixed(0)} s: ${look.done} of ${trials} done, ${look.rssMiB.toFixed(0)} MiB, loop lag p99 ${look.lagP99Ms.toFixed(0)} ms`,
    );
    if (look.done >= trials) return looks;
    if (atS * 1000 > timeoutMs) throw new Error(`${look.done} of ${trials} done after ${atS.toFixed(0)} s`);
  }
}

/** The last look again where a busy machine cut the connection; the first one must come. */
async function lookOr(coordinator: CoordinatorProcess, last: LoadLook | undefined): Promise<LoadLook> {
  try {
    return await lookAtLoad(coordinator);
  } catch (error) {
    if (last === undefined || coordinator.exited() !== null) throw error;
    return last;
  }
}

/** The ids that the plan gives, so that one that never appeared is missed. */
function trialsOf(studies: readonly StudyId[], trials: number): string[] {
  const ids = studies.flatMap((study, n) => {
    const { definition } = simStudy("sim", Math.min(10_000, trials - n * 10_000));
    return planTrials(study, studySchema.parse(definition)).map(({ trial }) => trial);
  });
  if (ids.length !== trials) throw new Error(`${ids.length} trials were planned, not ${trials}`);
  return ids;
}
