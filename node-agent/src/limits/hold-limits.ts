import { CellError } from "../cell/cell-error.ts";
import type { CellSpec } from "../cell/cell.ts";
import { outerUid } from "../cell/host-uid.ts";
import type { NamespaceIds } from "../cell/namespaces.ts";
import type { Controller } from "./group-place.ts";
import {
  groupHits,
  heldLimit,
  holdsProcess,
  joinFile,
  makeGroup,
  removeGroup,
  type LimitGroup,
} from "./limit-group.ts";
import type { LimitPlaces } from "./limit-places.ts";
import { LimitWatch } from "./limit-watch.ts";
import { hardLimits, rlimitWords } from "./rlimits.ts";

export interface HoldInput {
  readonly spec: Pick<CellSpec, "limits" | "scratchBytes">;
  readonly places: LimitPlaces;
  /** Of the cell's processes, in the daemon's user namespace. */
  readonly uid: number;
  /** The cell's tmpfs, as init sees them. */
  readonly mounts: readonly string[];
}

/** What holds one cell's limits, from before its first process until it is removed. */
export class HeldLimits {
  readonly #input: HoldInput;
  readonly #groups: readonly LimitGroup[];
  #watch: LimitWatch | undefined;
  #lastHits: Readonly<Record<string, number>> = {};

  /** @throws Error when a group cannot be made though one could be when it was tried; then none is left. */
  static async hold(input: HoldInput): Promise<HeldLimits> {
    const groups: LimitGroup[] = [];
    try {
      for (const place of input.places) groups.push(makeGroup(place, input.spec.limits));
    } catch (error) {
      await Promise.all(groups.map(removeGroup));
      throw new CellError("tool", `cgroup: ${error instanceof Error ? error.message : String(error)}`);
    }
    return new HeldLimits(input, groups);
  }

  private constructor(input: HoldInput, groups: readonly LimitGroup[]) {
    this.#input = input;
    this.#groups = groups;
  }

  /** Files in which the cell's first process writes "0", before it does anything else. */
  get joins(): readonly string[] {
    return this.#groups.map(joinFile);
  }

  /** For init, which sets them before it starts anything. */
  get rlimits(): readonly string[] {
    const { limits, scratchBytes } = this.#input.spec;
    return rlimitWords({
      limits,
      fileBytes: scratchBytes,
      dataBytes: this.#groupOf("memory") === undefined ? limits.memoryBytes : null,
    });
  }

  /**
   * Once init has set its limits: reads them back, its groups and theirs as well, and starts to watch what nothing else holds.
   * @param ending told right before the watch ends the cell
   * @returns by which means each limit is held, and what the kernel says it is, for the facts
   * @throws CellError "not-contained" naming limits that do not hold
   */
  begin(initPid: number, ids: NamespaceIds, ending: () => void): Record<string, string> {
    const { spec, uid, mounts } = this.#input;
    const { limits, scratchBytes } = spec;
    const hard = hardLimits(initPid);
    const memory = this.#heldBy("memory");
    const pids = this.#heldBy("pids");
    const faults = [
      ...this.#groups
        .filter((group) => !holdsProcess(group, initPid))
        .map(({ place }) => `${place.controllers.join(" and ")}: init is not in its ${place.version} group`),
      memory !== undefined && !(memory.value <= limits.memoryBytes) && "memory: its group allows more",
      pids !== undefined && !(pids.value <= limits.processes) && "processes: its group allows more",
      hard.processes > limits.processes && "processes",
      hard.openFiles > limits.openFiles && "open files",
      hard.fileSize > scratchBytes && "file size",
      memory === undefined && hard.data > limits.memoryBytes && "memory",
      hard.core > 0 && "core files",
    ].filter((fault) => fault !== false);
    if (faults.length > 0) throw new CellError("not-contained", `no limit of ${faults.join(", ")}`);
    // The kernel exempts its own root from RLIMIT_NPROC, in every user namespace.
    const counted = outerUid(uid) === 0 ? "watch" : "rlimit";
    const holds = { memory: memory === undefined, processes: pids === undefined && counted === "watch" };
    if (holds.memory || pids === undefined)
      this.#watch = new LimitWatch({ ids, initPid, mounts, limits, holds, ending });
    // The watch is of this process: what it holds is what it was told. All else is as the kernel says.
    const named = holds.processes ? `watch ${limits.processes}` : `rlimit ${hard.processes}`;
    return {
      "limit.memory":
        memory === undefined ? `rlimit+watch ${limits.memoryBytes}` : `${memory.version} ${memory.value}`,
      "limit.processes": pids === undefined ? named : `${pids.version} ${pids.value}`,
      "limit.openFiles": `rlimit ${hard.openFiles}`,
      "limit.fileSize": `rlimit ${hard.fileSize}`,
    };
  }

  /** How often each limit was reached, those never reached left out. After the end, the last known. */
  hits(): Readonly<Record<string, number>> {
    const sum: Record<string, number> = { ...this.#watch?.hits };
    try {
      for (const group of this.#groups)
        for (const [name, count] of Object.entries(groupHits(group))) sum[name] = (sum[name] ?? 0) + count;
      this.#lastHits = Object.fromEntries(Object.entries(sum).filter(([, count]) => count > 0));
    } catch {
      // The group is gone.
    }
    return this.#lastHits;
  }

  /** For a cell that has ended: ends the watch and removes the groups. Idempotent, never rejects; what is left of them. */
  async remove(): Promise<string[]> {
    this.hits();
    this.#watch?.[Symbol.dispose]();
    const left = await Promise.all(this.#groups.map(removeGroup));
    return left.filter((what) => what !== null);
  }

  #groupOf(controller: Controller): LimitGroup | undefined {
    return this.#groups.find(({ place }) => place.controllers.includes(controller));
  }

  #heldBy(controller: Controller) {
    const group = this.#groupOf(controller);
    return group && { version: group.place.version, value: heldLimit(group, controller) };
  }
}
