import { chown, mkdir, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { HeldLimits } from "../limits/hold-limits.ts";
import { limitPlaces } from "../limits/limit-places.ts";
import { bwrapArguments, writableMounts } from "./bwrap-arguments.ts";
import { BwrapCell } from "./bwrap-cell.ts";
import { BwrapProcess } from "./bwrap-process.ts";
import { CellError } from "./cell-error.ts";
import { cellEnvironment, cellFacts } from "./cell-facts.ts";
import { cellPaths, writeCellFiles } from "./cell-files.ts";
import type { Cell, CellSpec } from "./cell.ts";
import type { CellTools } from "./cell-tools.ts";
import { checkContainment } from "./containment-check.ts";
import { makeGuardedLink } from "./guard-link.ts";
import { gpuDevices } from "./gpu-devices.ts";
import { hostUid } from "./host-uid.ts";
import { NETNS_FOLDER, type LinkPlan } from "./link-plan.ts";
import { HeldNamespaces } from "./namespaces.ts";
import { packPlant } from "./plant-tar.ts";
import { removeCell } from "./removal.ts";
import type { ToolVersions } from "./tool-versions.ts";

export interface BuildInput {
  readonly spec: CellSpec;
  readonly plan: LinkPlan;
  readonly tools: CellTools;
  readonly uidBase: number | null;
  readonly versions: ToolVersions;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Runs the work when no other build is at its link. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  readonly onRemoved: () => void;
}

const GENTLE_END_MS = 500;

/** Builds one cell; on any failure all of it is taken away again before the rejection. */
export async function buildBwrapCell(input: BuildInput): Promise<Cell> {
  const { spec, plan, tools, signal } = input;
  const startedAt = performance.now();
  const devices = devicesOf(input);
  await makeStateDir(input);
  const handles: FileHandle[] = [];
  let process: BwrapProcess | undefined;
  let held: HeldNamespaces | undefined;
  let limits: HeldLimits | undefined;
  try {
    const environment = cellEnvironment(spec, tools);
    const uid = hostUid(plan.index, input.uidBase);
    const files = async () => {
      const written = await writeCellFiles({
        spec,
        tools,
        address: plan.cellAddress,
        sshVersion: input.versions.ssh,
        hostUid: uid,
        environment,
      });
      handles.push(written.seccomp);
      return written;
    };
    const packed = async () => {
      if (spec.plant === undefined) return undefined;
      const tar = await packPlant(tools, spec.plant, spec.stateDir);
      handles.push(tar);
      return tar;
    };
    // Connecting to a socket needs write permission on it.
    const sockets = async () => {
      await Promise.all(spec.socketBinds.map(({ from }) => chown(from, uid, uid)));
    };
    const limited = async () => {
      const places = await limitPlaces(tools.bash);
      limits = await HeldLimits.hold({
        spec,
        places,
        uid,
        mounts: writableMounts(spec).map(({ path }) => path),
      });
      const { rlimits, joins } = limits;
      const files = cellPaths(spec.stateDir);
      process = new BwrapProcess({
        tools,
        netnsPath: join(NETNS_FOLDER, plan.netns),
        dropTo: uid === globalThis.process.getuid?.() ? undefined : uid,
        joins,
        args: bwrapArguments({ spec, tools, files, environment, devices, rlimits }),
      });
      return { holding: limits, bwrap: process };
    };
    // All settle before a failure is acted on: removal must not run beside them.
    const [written, tar, { holding, bwrap }, guarded] = await allDone([
      files(),
      packed(),
      limited(),
      input.inTurn(() => makeGuardedLink(tools, plan, spec.sshTarget)),
      sockets(),
    ] as const);
    throwIfAborted(signal);

    const limit = AbortSignal.any([signal, AbortSignal.timeout(input.timeoutMs)]);
    bwrap.go(written.seccomp, tar);
    const initPid = await orAborted(bwrap.initPid, limit, signal);
    held = await holdInit(initPid, bwrap);
    await orAborted(bwrap.ready, limit, signal);
    const contained = checkContainment(initPid, held.ids);
    const facts = {
      ...contained,
      ...holding.begin(initPid, held.ids, () => bwrap.release("limit")),
      ...input.versions.texts,
      ...guarded,
      driver: "bubblewrap",
      ...cellFacts(spec, plan, held.ids, uid),
      buildMs: String(Math.round(performance.now() - startedAt)),
    };
    const { onRemoved } = input;
    return new BwrapCell({
      ...{ id: spec.id, plan, tools, process: bwrap, initPid, held, limits: holding, facts, onRemoved },
      hostKey: written.hostKey,
      stateDir: spec.stateDir,
    });
  } catch (error) {
    if (process !== undefined) {
      // init first, by its own end: then bubblewrap reaps it and no zombie is handed up.
      process.release();
      await Promise.race([process.died, delay(GENTLE_END_MS)]);
      process.kill();
      await process.died;
    }
    // Without init, what is in the network namespace: a predecessor that nobody swept, or bubblewrap itself.
    held ??= HeldNamespaces.ofNetwork(join(NETNS_FOLDER, plan.netns));
    const proof = await removeCell(tools, { plan, ids: held?.ids ?? {}, stateDir: spec.stateDir });
    const left = [...proof.left, ...((await limits?.remove()) ?? [])];
    held?.[Symbol.dispose]();
    if (left.length > 0) {
      throw new CellError("not-contained", `build failed and left ${left.join(", ")}`, { cause: error });
    }
    input.onRemoved();
    throw error;
  } finally {
    await Promise.all(handles.map((handle) => handle.close()));
  }
}

function devicesOf({ spec, onRemoved }: BuildInput): string[] {
  try {
    return gpuDevices(spec.gpus ?? []);
  } catch (error) {
    onRemoved();
    throw error;
  }
}

/** Only a folder that was not there before may be removed with the cell. 0711: bubblewrap may look it up as another uid. */
async function makeStateDir({ spec, onRemoved }: BuildInput): Promise<void> {
  try {
    await mkdir(spec.stateDir, { mode: 0o711 });
  } catch (error) {
    onRemoved();
    throw new CellError("bad-spec", `stateDir ${spec.stateDir}`, { cause: error });
  }
}

/** A cell that died in the first moment says why in `ready`; the missing /proc entry says nothing. */
async function holdInit(initPid: number, process: BwrapProcess): Promise<HeldNamespaces> {
  try {
    return HeldNamespaces.ofProcess(initPid);
  } catch (error) {
    await process.ready;
    throw new CellError("start", "init is gone", { cause: error });
  }
}

export async function allDone<T extends readonly unknown[]>(
  work: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new CellError("aborted", "build");
}

function orAborted<T>(work: Promise<T>, limit: AbortSignal, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new CellError(signal.aborted ? "aborted" : "timeout", "build"));
    if (limit.aborted) {
      stop();
      return;
    }
    limit.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => limit.removeEventListener("abort", stop));
  });
}
