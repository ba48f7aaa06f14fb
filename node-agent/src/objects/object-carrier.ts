import type { JetStreamClient } from "@nats-io/jetstream";
import { Objm, type ObjectStore } from "@nats-io/obj";
import { objectBucket, objectName, type NodeId } from "@redline/shared";
import { pause, type Logger } from "@redline/daemon";
import type { ObjectFolder, StoredObject } from "./object-folder.ts";

export interface CarrierOptions {
  readonly node: NodeId;
  readonly folder: ObjectFolder;
  /** Records that still wait to go out. */
  readonly recordsWaiting: () => number;
  readonly log: Logger;
}

/** How long it waits where records go first, and until it asks again whether the coordinator has an object. */
const BEHIND_RECORDS_MS = 100;
const ASK_AGAIN_MS = 3000;
const RETRY_MS = 2000;
const PUT_MS = 10_000;
/** A bucket that is full, or not there yet, is said so often. */
const SAY_EVERY_MS = 60_000;

/**
 * Carries objects to the coordinator: one at a time, behind the records, through disconnects and restarts. An object leaves this disk
 * only when the coordinator has marked it in the bucket as taken. What it has in hand is what lies in the folder.
 */
export class ObjectCarrier {
  readonly #options: CarrierOptions;
  readonly #waiting: StoredObject[] = [];
  readonly #sent: StoredObject[] = [];
  #saidMs = -Infinity;

  constructor(options: CarrierOptions) {
    this.#options = options;
    options.folder.onStored = (object) => void this.#waiting.push(object);
  }

  /** Objects that the coordinator does not have yet. */
  get waiting(): number {
    return this.#waiting.length + this.#sent.length;
  }

  /** Runs until the signal aborts; what fails is tried again for ever. */
  async run(js: JetStreamClient, signal: AbortSignal): Promise<void> {
    const { folder, node, log } = this.#options;
    const earlier = await folder.all();
    const have = new Set(this.#waiting.map(idOf));
    this.#waiting.unshift(...earlier.filter((object) => !have.has(idOf(object))));
    let store: ObjectStore | null = null;
    let askedMs = performance.now();
    while (!signal.aborted) {
      try {
        store ??= await new Objm(js).open(objectBucket(node), false);
        const next = this.#options.recordsWaiting() > 0 ? undefined : this.#waiting[0];
        if (next !== undefined) {
          await this.#carry(store, next);
          this.#waiting.shift();
        }
        if (performance.now() - askedMs > ASK_AGAIN_MS) {
          await this.#tidy(store, signal);
          askedMs = performance.now();
        }
        if (next === undefined) await pause(BEHIND_RECORDS_MS, signal);
      } catch (error) {
        if (performance.now() - this.#saidMs > SAY_EVERY_MS) {
          this.#saidMs = performance.now();
          // The coordinator makes the bucket when the first record that names an object has come.
          const early = error instanceof Error && error.name === "StreamNotFoundError";
          log[early ? "debug" : "warn"](
            { err: error, objects: this.waiting },
            "objects wait: they cannot be put in the bucket",
          );
        }
        await pause(RETRY_MS, signal);
      }
    }
  }

  async #carry(store: ObjectStore, object: StoredObject): Promise<void> {
    const { folder, log } = this.#options;
    const name = objectName(object, object.sha256);
    const there = await store.info(name);
    if (there?.deleted === true) {
      await folder.remove(object);
      return;
    }
    if (there === null) {
      const bytes = await folder.read(object);
      if (bytes === null) {
        log.error({ object: name }, "an object on disk is not what its name says; it is left there");
        return;
      }
      await store.putBlob({ name }, bytes, { timeout: PUT_MS });
    }
    this.#sent.push(object);
  }

  /** Removes what the coordinator has taken; one that the bucket lost goes out again. */
  async #tidy(store: ObjectStore, signal: AbortSignal): Promise<void> {
    // Each is looked at once: one that is not taken goes to the end.
    for (let left = Math.min(this.#sent.length, 256); left > 0 && !signal.aborted; left -= 1) {
      const [object] = this.#sent;
      if (object === undefined) return;
      const there = await store.info(objectName(object, object.sha256));
      this.#sent.shift();
      if (there === null) this.#waiting.push(object);
      else if (there.deleted) await this.#options.folder.remove(object);
      else this.#sent.push(object);
    }
  }
}

const idOf = ({ trial, attempt, sha256 }: StoredObject) => `${trial}.${attempt}.${sha256}`;
