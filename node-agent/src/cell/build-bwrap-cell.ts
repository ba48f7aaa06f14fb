import { chown, mkdir, type FileHandle } from "node:fs/promises";
import { release } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { bwrapArguments } from "./bwrap-arguments.ts";
import { BwrapCell } from "./bwrap-cell.ts";
import { BwrapProcess } from "./bwrap-process.ts";
import { CellError } from "./cell-error.ts";
import { writeCellFiles } from "./cell-files.ts";
import { CELL } from "./cell-layout.ts";
import type { Cell, CellSpec } from "./cell.ts";
import { toolsFolder, type CellTools } from "./cell-tools.ts";
import { checkContainment } from "./containment-check.ts";
import { guardRules } from "./guard.ts";
import { hostUid, outerUid } from "./host-uid.ts";
import { cellBatch, hostBatch, NETNS_FOLDER, type LinkPlan } from "./link-plan.ts";
import { HeldNamespaces } from "./namespaces.ts";
import { packPlant } from "./plant-tar.ts";
import { removeCell } from "./removal.ts";
import { needTool } from "./run-tool.ts";
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
  const started = performance.now();
  await makeStateDir(input);
  const handles: FileHandle[] = [];
  let process: BwrapProcess | undefined;
  let held: HeldNamespaces | undefined;
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
    // All settle before a failure is acted on: removal must not run beside them.
    const [written, tar] = await allDone([
      files(),
      packed(),
      input.inTurn(() => makeLink(input)),
      sockets(),
    ] as const);
    throwIfAborted(signal);

    const limit = AbortSignal.any([signal, AbortSignal.timeout(input.timeoutMs)]);
    const args = bwrapArguments({ spec, tools, files: written, environment });
    process = new BwrapProcess({
      tools,
      netnsPath: join(NETNS_FOLDER, plan.netns),
      dropTo: uid === globalThis.process.getuid?.() ? undefined : uid,
      args,
      seccomp: written.seccomp,
      plant: tar,
    });
    const initPid = await orAborted(process.initPid, limit, signal);
    held = await holdInit(initPid, process);
    await orAborted(process.ready, limit, signal);
    const contained = checkContainment(initPid, held.ids);
    const facts = {
      ...contained,
      ...input.versions.texts,
      ...Object.fromEntries(Object.entries(held.ids).map(([kind, id]) => [`ns.${kind}`, id])),
      driver: "bubblewrap",
      kernel: release(),
      cellUid: String(CELL.uid),
      hostUid: String(outerUid(uid)),
      address: plan.cellAddress,
      interface: plan.hostInterface,
      ttlMs: String(spec.ttlMs),
      heartbeatMs: String(spec.heartbeatMs ?? 5_000),
      scratchBytes: String(spec.scratchBytes),
      // The kernel exempts its own root from RLIMIT_NPROC, in every user namespace.
      maxProcesses: outerUid(uid) === 0 ? "unlimited" : String(spec.limits.processes),
      buildMs: String(Math.round(performance.now() - started)),
    };
    const { onRemoved } = input;
    return new BwrapCell({
      ...{ id: spec.id, plan, tools, process, initPid, held, facts, onRemoved },
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
    held?.[Symbol.dispose]();
    if (!proof.clean) {
      throw new CellError("not-contained", `build failed and left ${proof.left.join(", ")}`, {
        cause: error,
      });
    }
    input.onRemoved();
    throw error;
  } finally {
    await Promise.all(handles.map((handle) => handle.close()));
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

/** The wall stands before the link has a second end that is up; nothing runs in the cell yet. */
async function makeLink({ plan, spec, tools }: BuildInput): Promise<void> {
  const { ip, nft } = tools;
  await allDone([
    needTool(nft, ["-f", "-"], { stdin: guardRules(plan, spec.sshTarget) }),
    needTool(ip, ["-batch", "-"], { stdin: hostBatch(plan) }),
  ]);
  await needTool(ip, ["-n", plan.netns, "-batch", "-"], { stdin: cellBatch(plan) });
}

function cellEnvironment(spec: CellSpec, tools: CellTools): Record<string, string> {
  return {
    HOME: CELL.home,
    USER: CELL.user,
    LOGNAME: CELL.user,
    SHELL: CELL.shell,
    ...spec.env,
    PATH: toolsFolder(tools) === undefined ? CELL.path : `${CELL.path}:${CELL.tools}/bin`,
  };
}

async function allDone<T extends readonly unknown[]>(
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
