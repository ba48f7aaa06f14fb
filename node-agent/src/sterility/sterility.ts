import { lstatSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { STERILITY_CHECKS, type SterilityCheck, type SterilityProof } from "@redline/shared";
import { DEFAULT_UID_BASE, hostUid } from "../cell/host-uid.ts";
import { readGpus, type Gpu } from "../inventory/gpus.ts";
import type { Baseline } from "./baseline.ts";
import type { Compared } from "./compare.ts";
import { checkFiles } from "./files-check.ts";
import { walkForFiles, type Walk } from "./file-walk.ts";
import { checkGpuMemory } from "./gpu-memory.ts";
import { startLookThread, type LookThread } from "./look-thread.ts";
import { outcome } from "./outcome.ts";
import { isBelow, namespaceNames, type LiveCell, type Trial } from "./trial-traces.ts";

/** The node before an attempt. Kept by the caller until the attempt's second look. */
export interface NodeBaseline {
  /** Null when the look failed, twice: then a proof finds only what is the trial's by itself, and says so. */
  readonly node: Baseline | null;
  /** Why the look failed. */
  readonly why?: string;
  readonly gpus: readonly Gpu[];
}

export type LookKind = "after" | "again";

export interface ProveInput {
  readonly baseline: NodeBaseline;
  readonly trial: Trial;
  readonly look: LookKind;
  /** Cells of other attempts that are up or being removed; asked before and after each look. */
  readonly others: () => readonly LiveCell[];
  /** False: file systems are not walked, because somebody else's look does it. */
  readonly walk?: boolean;
  readonly signal?: AbortSignal;
}

export interface Sterility extends AsyncDisposable {
  /**
   * Before the attempt's first cell. Never rejects.
   * @param others all cells that are up
   */
  takeBaseline(others?: () => readonly LiveCell[]): Promise<NodeBaseline>;
  /** After the attempt's cells are gone. Never rejects; what cannot be looked at is in the proof. */
  proveSterile(input: ProveInput): Promise<SterilityProof>;
  /**
   * At the daemon's start, after leftovers were swept: what a predecessor's cells left that can be told without a baseline.
   * @param walk with a walk over all file systems, for up to a minute; without it the look is there at once, before work is taken
   */
  proveStart(others?: () => readonly LiveCell[], walk?: boolean): Promise<SterilityProof>;
}

export interface SterilityOptions {
  readonly nvidiaSmi?: string;
  /** First host uid of the cells' users; null where they have the daemon's. As of the driver. */
  readonly uidBase?: number | null;
  /** Folder of the cells' state folders: whose a file below it is, the trial's own `paths` say. */
  readonly cellsDir?: string;
  /** Folders in which nobody but this node's daemon and its cells can leave anything. */
  readonly privatePlaces?: readonly string[];
  /** How long the walk for files may take, ms (default 100 after, 60000 again). */
  readonly walkMs?: Partial<Record<LookKind, number>>;
  /** Whether attempts that run at the same time come before the walk (default true). */
  readonly walkYields?: boolean;
  /** A finding must stay for this long and two further looks: what is about to end is no survivor (default 250). */
  readonly settleMs?: number;
  /** For tests of the thread's death. */
  readonly thread?: LookThread;
}

/** Doubt of the check `files` in a look without a walk. */
export const NOT_WALKED = "file systems were not walked in this look";
const LOOKS = 3;
const SLOTS = 256;

export function createSterility(options: SterilityOptions = {}): Sterility {
  const {
    nvidiaSmi,
    uidBase = DEFAULT_UID_BASE,
    privatePlaces = [],
    walkMs = {},
    settleMs = 250,
    walkYields,
  } = options;
  const cellsDirs = options.cellsDir === undefined ? [] : [options.cellsDir];
  const thread = options.thread ?? startLookThread();
  const budgets: Readonly<Record<LookKind, number>> = { after: 100, again: 60_000, ...walkMs };
  const ownUid = process.getuid?.() ?? 0;

  async function look(
    before: Baseline | null,
    { trial, others }: { trial: Trial; others: () => readonly LiveCell[] },
  ): Promise<{ compared: Compared; live: readonly LiveCell[] } | { why: string }> {
    const once = async () => {
      const first = others();
      const answer = await thread.compare({
        places: privatePlaces,
        liveCells: namespacesOf(first, trial),
        compare: { before, trial, others: first, privatePlaces },
      });
      return answer.ok ? { compared: answer.value, live: [...first, ...others()] } : { why: answer.why };
    };
    // A thread that failed once may have met a chance; twice, nothing is proved.
    const seen = await once();
    return "why" in seen ? once() : seen;
  }

  async function prove(
    baseline: NodeBaseline | null,
    input: Omit<ProveInput, "baseline">,
  ): Promise<SterilityProof> {
    const started = performance.now();
    const { trial, walk = true, signal } = input;
    const uids = trial.uids.filter((uid) => uid !== ownUid);
    const walking: Promise<Walk | null> =
      uids.length === 0
        ? Promise.resolve(null)
        : !walk
          ? Promise.resolve({ found: [], why: NOT_WALKED })
          : walkForFiles(uids, budgets[input.look], signal, walkYields).catch(failedWalk);
    let checks: SterilityCheck[] = [];
    const gone: string[] = [];
    for (let count = 1; count <= LOOKS; count += 1) {
      const [seen, gpus] = await Promise.all([look(baseline?.node ?? null, input), readGpus(nvidiaSmi)]);
      if ("why" in seen) {
        checks = [outcome("processes", [`the look itself failed, nothing is proved: ${seen.why}`])];
        break;
      }
      const files = checkFiles({
        ...seen.compared,
        walk: stillThere(await walking),
        isOthers: (path) => isBelow(path, [...cellsDirs, ...seen.live.flatMap(({ paths }) => paths)]),
      });
      const before = checks;
      checks = [
        ...seen.compared.checks,
        files,
        checkGpuMemory(baseline?.gpus ?? null, gpus, trial, seen.live),
      ];
      gone.push(
        ...before.filter((old) => old.clean === false && isClean(checks, old)).map(({ check }) => check),
      );
      if (checks.every(({ clean }) => clean !== false) || signal?.aborted === true) break;
      if (count < LOOKS) await delay(settleMs);
    }
    return {
      clean: checks.every(({ clean }) => clean !== false),
      checks: inOrder(checks).map((check) =>
        gone.includes(check.check) && check.clean !== false ? withNote(check) : check,
      ),
      tookMs: Math.round(performance.now() - started),
    };
  }

  return {
    async takeBaseline(others = () => []) {
      const look = async () => thread.baseline({ places: privatePlaces, liveCells: namespacesOf(others()) });
      const twice = async () => {
        const first = await look();
        return first.ok ? first : look();
      };
      const [node, gpus] = await Promise.all([twice(), readGpus(nvidiaSmi)]);
      return node.ok ? { node: node.value, gpus } : { node: null, why: node.why, gpus };
    },
    proveSterile: ({ baseline, ...input }) => prove(baseline, input),
    proveStart(others = () => [], walk = true) {
      const slots = Array.from({ length: SLOTS }, (_, index) => hostUid(index, uidBase));
      const trial: Trial = {
        uids: [...new Set(slots)].filter((uid) => uid !== ownUid),
        ...{ namespaces: [], cellIds: [], publicKeys: [], keyFiles: [], paths: [], addresses: [] },
      };
      return prove(null, { trial, look: "again", others, walk });
    },
    [Symbol.asyncDispose]: () => thread[Symbol.asyncDispose](),
  };
}

/** Of live cells, but for what a trial is in as well: those are looked at in full. */
function namespacesOf(cells: readonly LiveCell[], trial?: Trial): string[] {
  const own = new Set(trial?.namespaces.flatMap(namespaceNames));
  return cells.flatMap(({ namespaces }) => namespaceNames(namespaces)).filter((name) => !own.has(name));
}

/** The walk is taken once; what it found may be gone by a later look. */
const stillThere = (walk: Walk | null): Walk | null =>
  walk && {
    ...walk,
    found: walk.found.filter((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined),
  };

const failedWalk = (error: unknown): Walk => ({ found: [], why: `not walked: ${String(error)}` });

const isClean = (checks: readonly SterilityCheck[], { check }: SterilityCheck) =>
  checks.some((now) => now.check === check && now.clean !== false);

const withNote = (check: SterilityCheck): SterilityCheck => ({
  ...check,
  why: [check.why, "something was there at first and ended by itself"]
    .filter((text) => text !== "")
    .join("; ")
    .slice(0, 300),
});

const inOrder = (checks: readonly SterilityCheck[]) =>
  checks.toSorted((a, b) => STERILITY_CHECKS.indexOf(a.check) - STERILITY_CHECKS.indexOf(b.check));
