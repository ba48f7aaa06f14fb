import { chown, mkdir, truncate, writeFile, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { BwrapCell } from "../cell/bwrap-cell.ts";
import { cellEnvironment, cellFacts } from "../cell/cell-facts.ts";
import { CellError } from "../cell/cell-error.ts";
import { cellPaths, writeCellFiles } from "../cell/cell-files.ts";
import { CELL } from "../cell/cell-layout.ts";
import type { CellTools } from "../cell/cell-tools.ts";
import type { Cell, CellSpec } from "../cell/cell.ts";
import { checkContainment } from "../cell/containment-check.ts";
import { makeGuardedLink } from "../cell/guard-link.ts";
import { hostUid } from "../cell/host-uid.ts";
import { NETNS_FOLDER, type LinkPlan } from "../cell/link-plan.ts";
import { HeldNamespaces } from "../cell/namespaces.ts";
import { packPlant } from "../cell/plant-tar.ts";
import { removeCell } from "../cell/removal.ts";
import { writableMounts } from "../cell/bwrap-arguments.ts";
import { HeldLimits } from "../limits/hold-limits.ts";
import { limitPlaces } from "../limits/limit-places.ts";
import { ContainerCell, withEngine } from "./container-cell.ts";
import { ContainerProcess } from "./container-process.ts";
import type { Engine } from "./engine.ts";
import type { CellImage } from "./image.ts";
import { layOutHome } from "./lay-out-home.ts";
import { ENGINE_CONFIGURATION } from "./engine-configuration.ts";
import { runArguments } from "./run-arguments.ts";
import { userMap } from "./user-map.ts";

export interface ContainerBuild {
  readonly spec: CellSpec;
  readonly plan: LinkPlan;
  readonly tools: CellTools;
  readonly engine: Engine;
  readonly image: CellImage;
  readonly imageName: string;
  readonly uidBase: number | null;
  /** Of what made the cell, for the facts. */
  readonly versions: Readonly<Record<string, string>>;
  readonly withoutCgroup: boolean;
  /** Text of the system call profile. */
  readonly profile: string;
  /** Aborted by the caller, by the driver, or when the build takes too long. */
  readonly signal: AbortSignal;
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  readonly onRemoved: () => void;
}

/** By the slot alone, so that a restarted daemon finds it. */
export const containerName = ({ index }: LinkPlan) => `redline-cell-${index}`;

const GENTLE_END_MS = 3_000;

/** Builds one cell; on any failure all of it is taken away again before the rejection. */
export async function buildContainerCell(input: ContainerBuild): Promise<Cell> {
  const { spec, plan, tools, engine, image, signal, onRemoved } = input;
  const started = performance.now();
  try {
    await mkdir(spec.stateDir, { mode: 0o711 });
  } catch (error) {
    onRemoved();
    throw new CellError("bad-spec", `stateDir ${spec.stateDir}`, { cause: error });
  }
  const container = containerName(plan);
  let process: ContainerProcess | undefined;
  let held: HeldNamespaces | undefined;
  let limits: HeldLimits | undefined;
  try {
    const ownUid = globalThis.process.getuid?.() ?? 0;
    const podman = engine.name === "podman";
    const uid = podman ? hostUid(plan.index, input.uidBase) : (await engine.remappedBase()) + CELL.uid;
    const { hostKey, plant, profile, configuration } = await writeFiles(input, uid);
    const link = (pid?: number) => input.inTurn(() => makeGuardedLink(tools, plan, spec.sshTarget, pid));
    let guarded = podman ? await link() : undefined;
    signal.throwIfAborted();

    const mounts = writableMounts(spec).map(({ path }) => path);
    limits = await HeldLimits.hold({ spec, places: await limitPlaces(tools.bash), uid, mounts });
    const args = runArguments({
      ...{ engine: engine.name, name: container, image: input.imageName, root: image.root, spec, plan },
      ...{
        tools,
        files: cellPaths(spec.stateDir),
        profile,
        plant,
        map: userMap(uid, ownUid),
        rlimits: limits.rlimits,
      },
      withoutCgroup: input.withoutCgroup,
    });
    process = new ContainerProcess(engine.commandLine(args, { CONTAINERS_CONF: configuration }));
    await orAborted(process.here, signal);
    const initPid = await engine.pidOf(container);
    held = HeldNamespaces.ofProcess(initPid);
    const contained = checkContainment(initPid, held.ids);
    guarded ??= await link(initPid);
    // Init waits at its gate, alone: whatever it starts is a member of these groups as well.
    for (const file of limits.joins) await writeFile(file, String(initPid));
    await layOutHome(initPid, spec, uid);
    process.open();
    await orAborted(process.ready, signal);
    const own = process;
    const holding = limits.begin(initPid, held.ids, () => own.release("limit"));
    // init has unpacked it; the cell gets no second specimen to look at.
    if (plant !== undefined) await truncate(plant, 0);
    const facts = {
      ...contained,
      ...input.versions,
      ...holding,
      ...guarded,
      ...cellFacts(spec, plan, held.ids, uid),
      driver: engine.name,
      image: image.id,
      buildMs: String(Math.round(performance.now() - started)),
    };
    const inner = new BwrapCell({
      ...{ id: spec.id, plan, tools, process, initPid, held, limits, facts, onRemoved: () => undefined },
      hostKey,
      stateDir: spec.stateDir,
    });
    return new ContainerCell({ inner, engine, container, onRemoved });
  } catch (error) {
    if (process !== undefined) {
      // At end of file PID 1 ends at its gate or as init, and the engine takes the container away.
      process.release();
      await Promise.race([process.died, delay(GENTLE_END_MS, undefined, { ref: false })]);
      process.kill();
      await process.died;
    }
    held ??= HeldNamespaces.ofNetwork(join(NETNS_FOLDER, plan.netns));
    const removed = await removeCell(tools, { plan, ids: held?.ids ?? {}, stateDir: spec.stateDir });
    const proof = await withEngine(removed, engine, container);
    const left = [...proof.left, ...((await limits?.remove()) ?? [])];
    held?.[Symbol.dispose]();
    if (left.length > 0) {
      throw new CellError("not-contained", `build failed and left ${left.join(", ")}`, { cause: error });
    }
    onRemoved();
    throw signal.aborted ? abortedBuild(signal) : error;
  }
}

async function writeFiles(input: ContainerBuild, uid: number) {
  const { spec, plan, tools, image } = input;
  const handles: FileHandle[] = [];
  try {
    const files = await writeCellFiles({
      spec,
      tools: { ...tools, bash: image.bash },
      address: plan.cellAddress,
      sshVersion: image.sshVersion,
      hostUid: uid,
      environment: cellEnvironment(spec, tools),
    });
    handles.push(files.seccomp);
    const profile = join(spec.stateDir, "seccomp.json");
    const configuration = join(spec.stateDir, "containers.conf");
    await writeFile(profile, input.profile);
    await writeFile(configuration, ENGINE_CONFIGURATION);
    let plant: string | undefined;
    if (spec.plant !== undefined) {
      handles.push(await packPlant(tools, spec.plant, spec.stateDir));
      plant = join(spec.stateDir, "plant.tar");
      await chown(plant, uid, uid);
    }
    for (const { from } of spec.socketBinds) await chown(from, uid, uid);
    return { hostKey: files.hostKey, plant, profile, configuration };
  } finally {
    await Promise.all(handles.map((handle) => handle.close()));
  }
}

const abortedBuild = (signal: AbortSignal) =>
  signal.reason instanceof CellError ? signal.reason : new CellError("aborted", "build");

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(abortedBuild(signal));
    if (signal.aborted) {
      stop();
      return;
    }
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
