import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { CellProof } from "@redline/shared";
import { sweepLimitGroups } from "../limits/limit-places.ts";
import { buildBwrapCell, type BuildInput } from "./build-bwrap-cell.ts";
import { removeCellFiles } from "./cell-files.ts";
import type { Cell, CellDriver, CellSpec } from "./cell.ts";
import { CellError } from "./cell-error.ts";
import { findCellTools, type CellTools } from "./cell-tools.ts";
import { checkSpec } from "./check-spec.ts";
import { guardedSlots } from "./guard-link.ts";
import { guardTableRemoval } from "./guard.ts";
import { DEFAULT_UID_BASE } from "./host-uid.ts";
import { linkPlan, NETNS_FOLDER, slotOfName } from "./link-plan.ts";
import { HeldNamespaces } from "./namespaces.ts";
import { interfaceNames, removeCell } from "./removal.ts";
import { needTool } from "./run-tool.ts";
import { toolVersions, type ToolVersions } from "./tool-versions.ts";

export interface BwrapDriverOptions {
  /** Gives a system tool's absolute path, or its bare name to look for in the system's folders. */
  readonly tools: (name: string) => string;
  /** First host uid of the cells' users (default 1900000000), used where the user namespace maps it; null: the daemon's own. */
  readonly uidBase?: number | null;
  /**
   * Folder that holds the cells' state folders and nothing else: a sweep empties it of a dead predecessor's keys.
   */
  readonly cellsDir?: string;
  /** For cells whose spec names none: no beat for this long and init ends itself. */
  readonly heartbeatMs?: number;
  /** Limit for one build (default 10000, plus what packing the specimen takes). */
  readonly buildTimeoutMs?: number;
}

/** @throws CellError when a tool is missing. */
export function createBwrapDriver(options: BwrapDriverOptions): CellDriver {
  return new BwrapDriver(options, findCellTools(options.tools));
}

/**
 * Cells from bubblewrap, a veth pair and nftables, for a daemon that is root in its own network, mount and PID namespaces:
 * a real machine or a host of the rootless lab. One driver a machine: names come from the slot alone.
 */
class BwrapDriver implements CellDriver {
  readonly name = "bubblewrap";
  readonly #options: BwrapDriverOptions;
  readonly #tools: CellTools;
  readonly #taken = new Set<number>();
  readonly #cells = new Map<number, Cell>();
  /** One for each build that is under way. */
  readonly #builds = new Map<AbortController, Promise<unknown>>();
  #versions: Promise<ToolVersions> | undefined;
  /** Links are made one after the other: `ip netns add` prepares a folder that all share. */
  #linking: Promise<unknown> = Promise.resolve();

  constructor(options: BwrapDriverOptions, tools: CellTools) {
    this.#options = options;
    this.#tools = tools;
  }

  async build(asked: CellSpec, signal: AbortSignal): Promise<Cell> {
    const { heartbeatMs } = this.#options;
    const spec = heartbeatMs === undefined ? asked : { heartbeatMs, ...asked };
    const plan = checkSpec(spec);
    if (this.#taken.has(spec.index)) throw new CellError("index-taken", String(spec.index));
    this.#taken.add(spec.index);
    const tools = this.#tools;
    const { uidBase = DEFAULT_UID_BASE, buildTimeoutMs = 10_000 } = this.#options;
    const abort = new AbortController();
    const build = this.#build({
      spec,
      plan,
      tools,
      uidBase,
      signal: AbortSignal.any([signal, abort.signal]),
      timeoutMs: buildTimeoutMs,
      inTurn: (work) => this.#inTurn(work),
      onRemoved: () => {
        this.#taken.delete(spec.index);
        this.#cells.delete(spec.index);
      },
    });
    this.#builds.set(abort, build);
    try {
      return await build;
    } finally {
      this.#builds.delete(abort);
    }
  }

  async #build(input: Omit<BuildInput, "versions">): Promise<Cell> {
    const cell = await buildBwrapCell({ ...input, versions: await this.#toolVersions(input) });
    this.#cells.set(input.spec.index, cell);
    return cell;
  }

  /** Asked once; a failure is asked again by the next build. */
  async #toolVersions({ onRemoved }: Pick<BuildInput, "onRemoved">): Promise<ToolVersions> {
    this.#versions ??= toolVersions(this.#tools);
    try {
      return await this.#versions;
    } catch (error) {
      this.#versions = undefined;
      onRemoved();
      throw error;
    }
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
    const names = [...(await readdir(NETNS_FOLDER).catch(() => [])), ...(await interfaceNames())];
    const found = names.flatMap((name) => slotOfName(name) ?? []);
    const slots = new Set([...found, ...(await guardedSlots(this.#tools))]);
    const proofs: CellProof[] = [];
    for (const slot of slots) {
      if (this.#taken.has(slot)) continue;
      const plan = linkPlan(slot);
      using held = HeldNamespaces.ofNetwork(`${NETNS_FOLDER}/${plan.netns}`);
      proofs.push(await removeCell(this.#tools, { plan, ids: held?.ids ?? {} }));
    }
    await this.#sweepFolders();
    if (this.#taken.size === 0) await sweepLimitGroups(this.#tools.bash);
    const { nft } = this.#tools;
    if (this.#taken.size === 0) await needTool(nft, ["-f", "-"], { stdin: guardTableRemoval });
    return proofs;
  }

  async #sweepFolders(): Promise<void> {
    const { cellsDir } = this.#options;
    if (cellsDir === undefined || this.#taken.size > 0) return;
    const names = await readdir(cellsDir).catch(() => []);
    await Promise.all(names.map((name) => removeCellFiles(join(cellsDir, name))));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#linking.then(work, work);
    this.#linking = mine.catch(() => undefined);
    return mine;
  }
}
