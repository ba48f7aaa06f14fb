import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { CellProof } from "@redline/shared";
import { CellError } from "../cell/cell-error.ts";
import { removeCellFiles } from "../cell/cell-files.ts";
import { findCellTools, type CellTools } from "../cell/cell-tools.ts";
import type { Cell, CellDriver, CellSpec } from "../cell/cell.ts";
import { checkSpec } from "../cell/check-spec.ts";
import { guardedSlots } from "../cell/guard-link.ts";
import { guardTableRemoval } from "../cell/guard.ts";
import { DEFAULT_UID_BASE } from "../cell/host-uid.ts";
import { linkPlan, NETNS_FOLDER, slotOfName, type LinkPlan } from "../cell/link-plan.ts";
import { HeldNamespaces } from "../cell/namespaces.ts";
import { interfaceNames, removeCell } from "../cell/removal.ts";
import { needTool } from "../cell/run-tool.ts";
import { buildContainerCell, containerName } from "./build-container-cell.ts";
import { withEngine } from "./container-cell.ts";
import { Engine, type EngineOptions } from "./engine.ts";
import { seccompProfile } from "./seccomp-profile.ts";
import { IMAGE_TOOLS, openImage, type CellImage } from "./image.ts";

export interface ContainerDriverOptions extends EngineOptions {
  /** Name or digest of an image that the engine already has: nothing is ever pulled. See `IMAGE_TOOLS` for what must be in it. */
  readonly image: string;
  /** Gives a system tool's absolute path, or its bare name to look for in the system's folders. */
  readonly tools: (name: string) => string;
  /** First host uid of the cells' users (default 1900000000); podman only: docker's daemon has its own. Null: the daemon's own. */
  readonly uidBase?: number | null;
  /** Folder that holds the cells' state folders and nothing else: a sweep empties it. */
  readonly cellsDir?: string;
  /** No beat of the daemon for this long and a cell ends, where its description does not say (default 5000). */
  readonly heartbeatMs?: number;
  /** Limit for one build (default 30000). */
  readonly buildTimeoutMs?: number;
}

/** @throws CellError when a tool or the engine is missing. */
export function createContainerDriver(options: ContainerDriverOptions): CellDriver {
  return new ContainerDriver(options, findCellTools(options.tools), new Engine(options));
}

/**
 * Cells from podman or docker, for images with GPU runtimes: the engine makes the container, we its link, its guard, its init
 * and its end. One driver a machine, and an engine storage that no other driver uses: names come from the slot alone.
 */
class ContainerDriver implements CellDriver {
  readonly name: string;
  readonly #options: ContainerDriverOptions;
  readonly #tools: CellTools;
  readonly #engine: Engine;
  readonly #taken = new Set<number>();
  readonly #cells = new Map<number, Cell>();
  readonly #builds = new Map<AbortController, Promise<unknown>>();
  #opened: Promise<Opened> | undefined;
  #linking: Promise<unknown> = Promise.resolve();

  constructor(options: ContainerDriverOptions, tools: CellTools, engine: Engine) {
    this.name = engine.name;
    this.#options = options;
    // sshd comes with the image, where its libraries are.
    this.#tools = { ...tools, sshd: IMAGE_TOOLS.sshd };
    this.#engine = engine;
  }

  async build(asked: CellSpec, signal: AbortSignal): Promise<Cell> {
    const { heartbeatMs, buildTimeoutMs = 30_000 } = this.#options;
    const spec = heartbeatMs === undefined ? asked : { heartbeatMs, ...asked };
    const plan = checkSpec(spec);
    if (this.#taken.has(spec.index)) throw new CellError("index-taken", String(spec.index));
    this.#taken.add(spec.index);
    const abort = new AbortController();
    const tooLong = setTimeout(() => abort.abort(new CellError("timeout", "build")), buildTimeoutMs);
    // Known before it first waits: nothing may begin that `emptyAll` does not see.
    const build = this.#build(spec, plan, AbortSignal.any([signal, abort.signal]));
    this.#builds.set(abort, build);
    try {
      return await build;
    } finally {
      clearTimeout(tooLong);
      this.#builds.delete(abort);
    }
  }

  async #build(spec: CellSpec, plan: LinkPlan, signal: AbortSignal): Promise<Cell> {
    const { uidBase = DEFAULT_UID_BASE, image: imageName } = this.#options;
    const onRemoved = () => {
      this.#taken.delete(spec.index);
      this.#cells.delete(spec.index);
    };
    let found: Opened;
    try {
      found = await this.#open(imageName);
    } catch (error) {
      onRemoved();
      throw error;
    }
    const { opened: image, ...more } = found;
    const cell = await buildContainerCell({
      ...{ spec, plan, tools: this.#tools, engine: this.#engine, image, imageName, ...more },
      ...{ uidBase, onRemoved, signal },
      inTurn: (work) => this.#inTurn(work),
    });
    this.#cells.set(spec.index, cell);
    return cell;
  }

  cells(): readonly Cell[] {
    return [...this.#cells.values()];
  }

  async emptyAll(): Promise<{ cells: number; tookMs: number }> {
    const started = performance.now();
    // A build that is aborted takes away what it has made.
    for (const abort of this.#builds.keys()) abort.abort();
    const cells = this.cells();
    await Promise.all([
      ...cells.map((cell) => cell.empty()),
      ...[...this.#builds.values()].map((build) => build.catch(() => undefined)),
    ]);
    return { cells: cells.length, tookMs: performance.now() - started };
  }

  async sweepLeftovers(): Promise<CellProof[]> {
    const containers = await this.#engine.ours();
    const names = [...(await readdir(NETNS_FOLDER).catch(() => [])), ...(await interfaceNames())];
    const slots = new Set([
      ...names.flatMap((name) => slotOfName(name) ?? []),
      ...containers.flatMap(({ name }) => slotOfContainer(name) ?? []),
      ...(await guardedSlots(this.#tools)),
    ]);
    const proofs: CellProof[] = [];
    for (const slot of slots) {
      if (this.#taken.has(slot)) continue;
      const plan = linkPlan(slot);
      using held = HeldNamespaces.ofNetwork(join(NETNS_FOLDER, plan.netns));
      const removed = await removeCell(this.#tools, { plan, ids: held?.ids ?? {} });
      proofs.push(await withEngine(removed, this.#engine, containerName(plan)));
    }
    if (this.#taken.size === 0) {
      const { cellsDir } = this.#options;
      const folders = cellsDir === undefined ? [] : await readdir(cellsDir).catch(() => []);
      await Promise.all(folders.map((name) => removeCellFiles(join(cellsDir ?? "", name))));
      await needTool(this.#tools.nft, ["-f", "-"], { stdin: guardTableRemoval });
    }
    return proofs;
  }

  /** Once a driver: the image is looked into, and podman's stays mounted for its cells. Tried again after a failure. */
  #open(image: string): Promise<Opened> {
    const opening = (this.#opened ??= openAll(this.#engine, image));
    opening.catch(() => {
      this.#opened = undefined;
    });
    return opening;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#linking.then(work, work);
    this.#linking = mine.catch(() => undefined);
    return mine;
  }
}

interface Opened {
  readonly opened: CellImage;
  readonly versions: Readonly<Record<string, string>>;
  readonly withoutCgroup: boolean;
  readonly profile: string;
}

async function openAll(engine: Engine, image: string): Promise<Opened> {
  const opened = await openImage(engine, image);
  const [version, runtime] = await Promise.all([engine.version(), engine.runtime()]);
  const versions = { [engine.name]: version, runtime, openssh: opened.openssh };
  // runc wants a cgroup in any case; it is empty as soon as init is in ours.
  return { opened, versions, withoutCgroup: runtime === "crun", profile: JSON.stringify(seccompProfile()) };
}

function slotOfContainer(name: string): number | undefined {
  const digits = /^redline-cell-(\d{1,3})$/.exec(name)?.[1];
  return digits === undefined || Number(digits) > 255 ? undefined : Number(digits);
}
