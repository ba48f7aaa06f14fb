import type { NodeId } from "@redline/shared";
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
  /** A standby may know less than its leader: it removes nothing. */
  readonly leads: () => boolean;
}

const IDLE_MS = 500;
const AT_ONCE = 16;
const FIRST_WAIT_MS = 250;
const MOST_WAIT_MS = 30_000;
const SWEEP_MS = 60_000;
/** Records go first: what no record names after so long belongs to none. */
const UNNAMED_MS = 600_000;

/**
 * Takes the objects that records name out of the nodes' buckets, one at a time: on disk with the right digest first, then marked in the
 * bucket. What is no record's, or is not what its name says, is set aside and removed.
 */
export class ObjectsIntake {
  readonly #ports: ObjectsIntakePorts;
  /** Buckets that were looked into. */
  readonly #known = new Set<NodeId>();
  /** When something that nobody expects was first seen, by node and name, monotonic ms. */
  readonly #strange = new Map<string, number>();
  /** Taken and to be marked later. */
  readonly #keep = new Map<
    string,
    { readonly node: NodeId; readonly name: string; readonly sinceMs: number }
  >();
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
    const { expected, buckets, clock } = this.#ports;
    let worked = false;
    for (const node of expected.nodes()) {
      for (const one of expected.due(node, clock.monoMs(), AT_ONCE)) {
        if (signal.aborted) return worked;
        await buckets.ensure(node);
        this.#known.add(node);
        worked = (await this.#take(one)) || worked;
      }
    }
    if (this.#ports.leads() && clock.monoMs() - this.#sweptMs > SWEEP_MS) {
      this.#sweptMs = clock.monoMs();
      for (const node of this.#known) if (!signal.aborted) await this.sweep(node);
    }
    return worked;
  }

  async #take(one: ExpectedObject): Promise<boolean> {
    const { buckets, expected, folder, setAside, clock, log, keepMs } = this.#ports;
    const found = await buckets.get(one.node, one.name, one.bytes);
    switch (found.is) {
      case "absent":
        // Another attempt of the study may have brought the same bytes, but its own copy must be cleared as well.
        one.tries += 1;
        one.dueMs = clock.monoMs() + Math.min(MOST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(one.tries, 10));
        return false;
      case "taken":
        if (!(await folder.has(one.study, one.sha256)))
          log.warn(
            { object: one.name, node: one.node },
            "an object was taken by another coordinator: not here",
          );
        expected.done(one);
        return true;
      case "too-large":
        setAside.take({
          what: "object",
          why: `${found.bytes} bytes, and its record says ${one.bytes}`,
          subject: `${one.node} ${one.name}`,
        });
        expected.done(one);
        await buckets.take(one.node, one.name);
        return true;
      case "there":
        if (!(await folder.put(one.study, one.sha256, found.bytes)))
          setAside.take({
            what: "object",
            why: "its bytes are not those that its record names",
            subject: `${one.node} ${one.name}`,
            data: found.bytes,
          });
        expected.done(one);
        if (keepMs === 0) await buckets.take(one.node, one.name);
        else
          this.#keep.set(`${one.node} ${one.name}`, {
            node: one.node,
            name: one.name,
            sinceMs: clock.monoMs(),
          });
        return true;
    }
  }

  /** Looks for what nobody expects in a node's bucket. */
  async sweep(node: NodeId): Promise<void> {
    const { buckets, expected, setAside, clock, keepMs } = this.#ports;
    const nowMs = clock.monoMs();
    for (const [id, kept] of this.#keep)
      if (kept.node === node && nowMs - kept.sinceMs > keepMs) {
        await buckets.take(node, kept.name);
        this.#keep.delete(id);
      }
    const names = (await buckets.list(node)) ?? [];
    const there = new Set(names.map((name) => `${node} ${name}`));
    for (const id of this.#strange.keys())
      if (id.startsWith(`${node} `) && !there.has(id)) this.#strange.delete(id);
    for (const name of names) {
      const id = `${node} ${name}`;
      if (expected.has(node, name) || this.#keep.has(id)) {
        this.#strange.delete(id);
        continue;
      }
      const sinceMs = this.#strange.get(id) ?? nowMs;
      this.#strange.set(id, sinceMs);
      if (nowMs - sinceMs < UNNAMED_MS) continue;
      setAside.take({ what: "object", why: "no record names it", subject: id });
      await buckets.take(node, name);
      this.#strange.delete(id);
    }
  }
}
