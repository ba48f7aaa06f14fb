import { setTimeout as delay } from "node:timers/promises";
import type { ProcessKey } from "@redline/shared";
import type { Frozen } from "../challenge/instruments.ts";
import { cgroupFreeze } from "./cgroup-freeze.ts";
import { catchNewcomers, pidNamespaceOf } from "./newcomers.ts";
import { runTimeOf } from "./run-time.ts";
import { sigstop } from "./sigstop.ts";
import { NotThisWay, type FreezeWay, type Stopper } from "./stopper.ts";
import { innermostPid, stateOf } from "./task-states.ts";

export interface FreezerOptions {
  /**
   * Tried in this order. The default leaves `cgroup-v1` out: a process frozen there does not die by SIGKILL, so a cell would
   * outlive a daemon that ends meanwhile.
   */
  readonly ways?: readonly FreezeWay[];
  /** Limit for one freeze, default 5000. */
  readonly timeoutMs?: number;
}

export interface Freezer {
  /**
   * Stops what `select` names, and asks it again until nothing new appears. An abort of the signal lets all go, also later.
   * @throws Error when a process does not stop, new ones keep appearing, or pid 1 of a namespace or the daemon itself is named;
   * then nothing is left stopped.
   */
  freeze(select: () => Promise<readonly ProcessKey[]>, signal: AbortSignal): Promise<Frozen>;
}

const STOPPERS: Readonly<Record<FreezeWay, () => Stopper>> = {
  "cgroup-v2": () => cgroupFreeze("v2"),
  "cgroup-v1": () => cgroupFreeze("v1"),
  sigstop,
};
const QUIET_ROUNDS = 2;
const COUNT_GAP_MS = 3;

const idOf = ({ pid, startTick }: ProcessKey) => `${pid} ${startTick}`;

/** A way that this machine refused once is not tried again. */
export function createFreezer(options: FreezerOptions = {}): Freezer {
  const { timeoutMs = 5_000 } = options;
  const ways = [...(options.ways ?? ["cgroup-v2", "sigstop"])];
  return {
    async freeze(select, signal) {
      for (;;) {
        const [way] = ways;
        if (way === undefined)
          throw new Error("no way to stop processes works here; let the daemon write to a cgroup v2 tree");
        try {
          return await freezeWith(STOPPERS[way](), select, signal, timeoutMs);
        } catch (error) {
          if (!(error instanceof NotThisWay)) throw error;
          ways.shift();
        }
      }
    },
  };
}

async function freezeWith(
  stopper: Stopper,
  select: () => Promise<readonly ProcessKey[]>,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<Frozen> {
  const started = performance.now();
  try {
    const limit = started + timeoutMs;
    const held = await stopAll(stopper, select, signal, limit);
    const counts = await steadyCounts(held, signal, limit);
    signal.throwIfAborted();
    return frozen(stopper, counts, signal, performance.now() - started);
  } catch (error) {
    await stopper.end();
    throw error;
  }
}

/** Rounds of asking and stopping until two in a row brought nothing new and nothing moves. */
async function stopAll(
  stopper: Stopper,
  select: () => Promise<readonly ProcessKey[]>,
  signal: AbortSignal,
  limit: number,
): Promise<ProcessKey[]> {
  const named = new Map<string, ProcessKey>();
  const namespaces = new Set<string>();
  let moving: readonly ProcessKey[] = [];
  for (let quiet = 0; quiet < QUIET_ROUNDS;) {
    signal.throwIfAborted();
    if (performance.now() > limit)
      throw new Error(`not everything could be stopped in time: ${namesOf(moving)}`);
    const [first] = named.values();
    const caught = first === undefined ? [] : catchNewcomers(stopper, namespaces, first.bootId);
    const wanted = await select();
    const meant = new Set(wanted.map(idOf));
    for (const key of caught) if (!meant.has(idOf(key))) stopper.release(key);
    const fresh = wanted.filter((key) => !named.has(idOf(key)));
    for (const key of fresh) {
      refuse(key);
      named.set(idOf(key), key);
      const pidns = pidNamespaceOf(key.pid);
      if (pidns !== null) namespaces.add(pidns);
      stopper.stop(key);
    }
    const alive = [...named.values()].filter((key) => stateOf(key) !== "gone");
    const restless = stopper.restless(alive);
    for (const key of restless) stopper.stop(key);
    moving = [...fresh, ...restless];
    quiet = moving.length === 0 ? quiet + 1 : 0;
    if (restless.length > 0) await delay(1);
  }
  return [...named.values()].filter((key) => stateOf(key) !== "gone");
}

/** The daemon, and what would take its whole namespace along or end its own cell by not beating. */
function refuse({ pid }: ProcessKey): void {
  if (pid === process.pid) throw new Error("the daemon does not freeze itself");
  if (innermostPid(pid) === 1)
    throw new Error(`process ${pid} is pid 1 of its namespace and is never frozen`);
}

/** A thread is counted up to its very last moment on a CPU, a little after it is said to stand still. */
async function steadyCounts(
  keys: readonly ProcessKey[],
  signal: AbortSignal,
  limit: number,
): Promise<Map<ProcessKey, string | null>> {
  for (let before = new Map<ProcessKey, string | null>(); ;) {
    const now = new Map(keys.map((key) => [key, runTimeOf(key)]));
    const moving = keys.filter((key) => now.get(key) !== before.get(key));
    if (before.size === now.size && moving.length === 0) return now;
    if (before.size > 0 && performance.now() > limit)
      throw new Error(`processes run on though they are stopped: ${namesOf(moving)}`);
    before = now;
    await delay(COUNT_GAP_MS);
    signal.throwIfAborted();
  }
}

function frozen(
  stopper: Stopper,
  counts: ReadonlyMap<ProcessKey, string | null>,
  signal: AbortSignal,
  tookMs: number,
): Frozen {
  const processes = [...counts.keys()];
  // A process that is gone meanwhile did something, or something was done to it.
  const unmoved = () => {
    try {
      const still = [...counts].every(([key, count]) => count !== null && runTimeOf(key) === count);
      return still && stopper.restless(processes).length === 0;
    } catch {
      return false;
    }
  };
  let atThaw: boolean | undefined;
  const thaw = () => {
    signal.removeEventListener("abort", onAbort);
    atThaw ??= unmoved();
    return stopper.end();
  };
  const onAbort = () => void thaw();
  signal.addEventListener("abort", onAbort, { once: true });
  return { how: stopper.how, processes, tookMs, stayedStopped: () => atThaw ?? unmoved(), thaw };
}

const namesOf = (keys: readonly ProcessKey[]) =>
  keys
    .slice(0, 5)
    .map(({ pid }) => `process ${pid}`)
    .join(", ");
