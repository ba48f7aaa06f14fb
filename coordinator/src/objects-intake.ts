import { sha256HexSchema, studyIdSchema, trialIdSchema, type NodeId, type StudyId } from "@redline/shared";
import { pause, type Logger } from "@redline/daemon";
import type { Clock } from "./clock.ts";
import { isAborted } from "./is-aborted.ts";
import type { Buckets } from "./objects-bucket.ts";
import type { ExpectedObject, ExpectedObjects } from "./objects-expected.ts";
import type { ObjectsFolder } from "./objects-folder.ts";
import type { SetAside } from "./set-aside.ts";

export interface ObjectsIntakePorts {
  readonly buckets: Buckets;
  readonly expected: ExpectedObjects;
  readonly folder: Pick<ObjectsFolder, "put" | "has">;
  readonly setAside: Pick<SetAside, "take">;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long a bucket keeps what was taken: 0, or long enough for a standby to take it as well, ms. */
  readonly keepMs: number;
  /** What it keeps of that at most: the rest of the bucket is for what is still to be taken. */
  readonly keepBytes: number;
  /** A standby may know less than its leader: it removes nothing. */
  readonly leads: () => boolean;
  /** Enrolled nodes. */
  readonly nodes: () => readonly NodeId[];
  /** Of one look into a bucket, ms. */
  readonly limitMs?: number;
}

const IDLE_MS = 500;
const AT_ONCE = 16;
const FIRST_WAIT_MS = 250;
const MOST_WAIT_MS = 30_000;
/** What is away for so long is asked for seldom. */
const LONG_TRIES = 20;
const LONG_WAIT_MS = 600_000;
/** A bucket keeps things for half as long: what has not come by then is lost. */
const LOST_MS = 14 * 86_400_000;
const SWEEP_MS = 60_000;
const SWEPT_AT_ONCE = 16;
/** Records go first: what no record names after so long belongs to none. */
const UNNAMED_MS = 600_000;
const LIMIT_MS = 30_000;
const SAY_EVERY_MS = 60_000;

/**
 * Takes the objects that records name out of the nodes' buckets, one at a time: on disk with the right digest first, then marked in the
 * bucket. What is no record's, or is not what its name says, is set aside and removed. Whatever one node's bucket holds, the others
 * have their turn: a look into it ends in time, and one that failed is made again later.
 */
export class ObjectsIntake {
  readonly #ports: ObjectsIntakePorts;
  /** When something was first seen that nobody expects, or that is kept though it was taken; by node and name, monotonic ms. */
  readonly #seen = new Map<NodeId, Map<string, number>>();
  /** Bytes taken and left in a bucket since it was last swept. */
  readonly #left = new Map<NodeId, number>();
  readonly #toSweep = new Set<NodeId>();
  /** Nodes whose bucket could not be used: tries, and when to try again, monotonic ms. */
  readonly #trouble = new Map<NodeId, { readonly tries: number; readonly dueMs: number }>();
  readonly #saidMs = new Map<NodeId, number>();
  #sweptMs: number;

  constructor(ports: ObjectsIntakePorts) {
    this.#ports = ports;
    this.#sweptMs = ports.clock.monoMs();
  }

  /** Runs until the signal aborts; a failure is said and tried again. */
  async run(signal: AbortSignal): Promise<void> {
    const { log } = this.#ports;
    while (!signal.aborted)
      try {
        const worked = await this.pass(signal);
        if (!worked) await pause(IDLE_MS, signal);
      } catch (error) {
        if (!isAborted(signal)) log.warn({ err: error }, "objects cannot be taken now; trying again");
        await pause(MOST_WAIT_MS / 10, signal);
      }
  }

  /** One look at everything that is due. @returns whether something was taken. */
  async pass(signal: AbortSignal): Promise<boolean> {
    const { expected, clock } = this.#ports;
    const enrolled = new Set(this.#ports.nodes());
    let worked = false;
    for (const node of expected.nodes()) {
      if (signal.aborted) return worked;
      if ((this.#trouble.get(node)?.dueMs ?? 0) > clock.monoMs()) continue;
      worked = (await this.#passNode(node, enrolled.has(node), signal)) || worked;
    }
    if (this.#ports.leads()) await this.#sweepSome(signal);
    return worked;
  }

  /** What is due of one node; ends at the first failure. */
  async #passNode(node: NodeId, enrolled: boolean, signal: AbortSignal): Promise<boolean> {
    const { expected, buckets, clock } = this.#ports;
    const due = expected.due(node, clock.monoMs(), AT_ONCE);
    let [worked, lost] = [false, 0];
    try {
      // A node that was removed gets no new bucket; what it has left is taken.
      if (due.length > 0 && enrolled) await this.#inTime(buckets.ensure(node));
    } catch (error) {
      this.#later(node, error, signal);
      return false;
    }
    for (const one of due) {
      if (isAborted(signal)) break;
      try {
        const came = await this.#take(one);
        worked ||= came === "taken";
        if (came === "lost") lost += 1;
        this.#trouble.delete(node);
      } catch (error) {
        this.#again(one);
        this.#later(node, error, signal);
        break;
      }
    }
    if (lost > 0)
      this.#ports.log.warn(
        { node, objects: lost },
        "objects never came and are not asked for any more; `redline journal verify` counts them",
      );
    return worked;
  }

  async #take(one: ExpectedObject): Promise<"taken" | "absent" | "lost"> {
    const { buckets, expected, folder, clock, log, keepMs, keepBytes } = this.#ports;
    const { node, name, study, sha256 } = one;
    const found = await this.#inTime(buckets.get(node, name, one.bytes));
    switch (found.is) {
      case "absent":
        // Another attempt of the study may have brought the same bytes, but its own copy must be cleared as well.
        this.#again(one);
        if (clock.now().getTime() - one.sinceMs < LOST_MS) return "absent";
        expected.done(one);
        return "lost";
      case "taken":
        if (!(await folder.has(study, sha256)))
          log.warn({ object: name, node }, "an object was taken by another coordinator: not here");
        break;
      case "refused":
        await this.#refuse(one, found.why);
        break;
      case "too-large":
        await this.#refuse(one, `${found.bytes} bytes, and its record says ${one.bytes}`);
        break;
      case "there": {
        if (!(await folder.put(study, sha256, found.bytes))) {
          await this.#refuse(one, "its bytes are not those that its record names", found.bytes);
          break;
        }
        if (keepMs === 0) await this.#inTime(buckets.take(node, name));
        const left = (this.#left.get(node) ?? 0) + (keepMs === 0 ? 0 : one.bytes);
        this.#left.set(node, left);
        if (left > keepBytes) this.#toSweep.add(node);
      }
    }
    expected.done(one);
    return "taken";
  }

  async #refuse({ node, name }: ExpectedObject, why: string, data?: Uint8Array): Promise<void> {
    await this.#inTime(this.#ports.buckets.take(node, name));
    this.#ports.setAside.take({ what: "object", why, subject: `${node} ${name}`, data });
  }

  #again(one: ExpectedObject): void {
    one.tries += 1;
    const most = one.tries > LONG_TRIES ? LONG_WAIT_MS : MOST_WAIT_MS;
    one.dueMs = this.#ports.clock.monoMs() + Math.min(most, FIRST_WAIT_MS * 2 ** Math.min(one.tries, 12));
  }

  #later(node: NodeId, error: unknown, signal: AbortSignal): void {
    const { clock, log } = this.#ports;
    const nowMs = clock.monoMs();
    const tries = (this.#trouble.get(node)?.tries ?? 0) + 1;
    const waitMs = Math.min(MOST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(tries, 12));
    this.#trouble.set(node, { tries, dueMs: nowMs + waitMs });
    if (isAborted(signal) || nowMs - (this.#saidMs.get(node) ?? -Infinity) < SAY_EVERY_MS) return;
    this.#saidMs.set(node, nowMs);
    log.warn({ err: error, node }, "objects of a node cannot be taken now; trying again");
  }

  /** Every node once in a while, and at once where much is kept; a few each time, for the others' sake. */
  async #sweepSome(signal: AbortSignal): Promise<void> {
    const { clock, nodes, expected } = this.#ports;
    if (clock.monoMs() - this.#sweptMs > SWEEP_MS) {
      this.#sweptMs = clock.monoMs();
      for (const node of [...nodes(), ...expected.nodes()]) this.#toSweep.add(node);
    }
    for (const node of [...this.#toSweep].slice(0, SWEPT_AT_ONCE)) {
      if (isAborted(signal)) return;
      this.#toSweep.delete(node);
      try {
        await this.sweep(node);
      } catch (error) {
        this.#later(node, error, signal);
      }
    }
  }

  /** Looks for what nobody expects in a node's bucket: what is on disk already is kept for a while, and the rest is set aside. */
  async sweep(node: NodeId): Promise<void> {
    const { buckets, expected, setAside, clock, keepMs, keepBytes } = this.#ports;
    const nowMs = clock.monoMs();
    const [before, seen] = [this.#seen.get(node), new Map<string, number>()];
    this.#left.delete(node);
    const kept: { readonly name: string; readonly bytes: number; readonly sinceMs: number }[] = [];
    for (const { name, bytes } of (await this.#inTime(buckets.list(node))) ?? []) {
      if (expected.has(node, name)) continue;
      const sinceMs = before?.get(name) ?? nowMs;
      seen.set(name, sinceMs);
      if (await this.#isHere(name)) {
        kept.push({ name, bytes, sinceMs });
        continue;
      }
      if (nowMs - sinceMs < UNNAMED_MS) continue;
      await this.#inTime(buckets.take(node, name));
      seen.delete(name);
      setAside.take({ what: "object", why: "no record names it", subject: `${node} ${name}` });
    }
    let left = kept.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { name, bytes, sinceMs } of kept.sort((a, b) => a.sinceMs - b.sinceMs)) {
      if (nowMs - sinceMs < keepMs && left <= keepBytes) continue;
      await this.#inTime(buckets.take(node, name));
      seen.delete(name);
      left -= bytes;
    }
    if (left > 0) this.#left.set(node, left);
    if (seen.size === 0) this.#seen.delete(node);
    else this.#seen.set(node, seen);
  }

  async #isHere(name: string): Promise<boolean> {
    const object = readName(name);
    return object !== null && this.#ports.folder.has(object.study, object.sha256);
  }

  /** @throws Error where it takes too long; what was asked for may still come, and is left alone. */
  async #inTime<T>(asked: Promise<T>): Promise<T> {
    const ms = this.#ports.limitMs ?? LIMIT_MS;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
    });
    asked.catch(() => undefined);
    return Promise.race([asked, late]).finally(() => clearTimeout(timer));
  }
}

/** The parts of `objectName`; a trial's id is its study's and a number. */
function readName(name: string): { readonly study: StudyId; readonly sha256: string } | null {
  const [trial = "", attempt = "", sha256 = "", ...more] = name.split("/");
  const study = studyIdSchema.safeParse(trial.replace(/-\d+$/, ""));
  if (!trialIdSchema.safeParse(trial).success || !study.success || more.length > 0) return null;
  if (!/^\d{1,4}$/.test(attempt) || !sha256HexSchema.safeParse(sha256).success) return null;
  return { study: study.data, sha256 };
}
