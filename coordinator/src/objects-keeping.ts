import { createPublicKey, type KeyObject } from "node:crypto";
import { join } from "node:path";
import type { NatsConnection } from "@nats-io/transport-node";
import {
  importObjectRequestSchema,
  isImporting,
  keyIdOf,
  publicPem,
  sha256HexSchema,
  studyIdSchema,
  type CoordinatorRecord,
  type NodeId,
  type Projection,
} from "@redline/shared";
import {
  everyUntil,
  jsonReply,
  pause,
  type HttpReply,
  type HttpRequest,
  type Logger,
  type Route,
} from "@redline/daemon";
import type { Clock } from "./clock.ts";
import { ImportCounts, importStudy } from "./import-study.ts";
import { moveOut } from "./import-move-out.ts";
import { isAborted } from "./is-aborted.ts";
import type { JournalStore } from "./journal-store.ts";
import { openBuckets, type Buckets } from "./objects-bucket.ts";
import { ExpectedObjects } from "./objects-expected.ts";
import { ObjectsFolder } from "./objects-folder.ts";
import { ObjectsIntake } from "./objects-intake.ts";
import { applyRetention, pruneStudy } from "./retention.ts";
import { SetAside } from "./set-aside.ts";
import { problemsIn } from "./signed-request.ts";
import type { StopPorts } from "./stop.ts";
import type { Turns } from "./turns.ts";

export interface KeepingApiPorts {
  readonly store: JournalStore;
  readonly turns: Turns;
  readonly stop: StopPorts;
  /** The coordinator's signing key. */
  readonly key: KeyObject;
  readonly version: string;
}
export interface KeepingRunPorts extends Pick<KeepingApiPorts, "store" | "turns"> {
  readonly connection: NatsConnection;
  readonly replicas: number;
  /** Size of a node's bucket, MiB. */
  readonly bucketMiB: number;
  /** One of a pair: both take objects out of the buckets, where they stay for a day. */
  readonly pair: boolean;
  readonly leads: () => boolean;
  /** Enrolled nodes. */
  readonly nodes: () => readonly NodeId[];
}

const MIB = 1_048_576;
const DAY_MS = 86_400_000;
const RETENTION_EVERY_MS = 600_000;
const RETRY_MS = 2000;

/** What a lab keeps beside its journal: objects, what was set aside, and the ways of a study into the lab and out of it. */
export class Keeping {
  readonly setAside: SetAside;
  readonly folder: ObjectsFolder;
  readonly expected: ExpectedObjects;
  readonly #imports = new ImportCounts();
  #live = false;
  readonly #clock: Clock;
  readonly #log: Logger;

  /** @param dir state folder of the coordinator. */
  static async open(dir: string, clock: Clock, log: Logger): Promise<Keeping> {
    const folder = new ObjectsFolder(join(dir, "objects"));
    return new Keeping(dir, folder, new ExpectedObjects(await folder.names()), clock, log);
  }

  private constructor(
    dir: string,
    folder: ObjectsFolder,
    expected: ExpectedObjects,
    clock: Clock,
    log: Logger,
  ) {
    this.setAside = new SetAside(dir, () => clock.now(), log);
    this.folder = folder;
    this.expected = expected;
    this.#clock = clock;
    this.#log = log;
  }

  /** Takes each record of the journal from its first on; `state` has it applied. */
  take(record: CoordinatorRecord, state: Projection): void {
    this.expected.take(record, state);
    this.#imports.take(record);
    // A leader has removed them itself; its standby follows.
    if (this.#live && record.body.kind === "objects-removed")
      this.folder
        .removeStudy(record.body.study)
        .catch((error: unknown) => this.#log.error({ err: error }, "objects could not be removed"));
  }

  /** The journal is read: what is taken from here on is new. */
  replayed(): void {
    this.expected.replayed();
    this.#live = true;
  }

  /** Takes objects in, and removes them where a study's retention says so, until the signal aborts or it is disposed of. */
  start(ports: KeepingRunPorts, ended: AbortSignal): AsyncDisposable {
    const disposed = new AbortController();
    const signal = AbortSignal.any([ended, disposed.signal]);
    const running = this.#run(ports, signal);
    return {
      async [Symbol.asyncDispose]() {
        disposed.abort();
        await running;
      },
    };
  }

  async #run(ports: KeepingRunPorts, signal: AbortSignal): Promise<void> {
    const { connection, replicas, bucketMiB, pair, leads, nodes, store, turns } = ports;
    const clock = this.#clock;
    const limits = { bytes: bucketMiB * MIB, ttlMs: 7 * DAY_MS, replicas };
    let buckets: Buckets | null = null;
    while (buckets === null && !signal.aborted)
      try {
        buckets = await openBuckets(connection, limits);
      } catch (error) {
        if (isAborted(signal)) break;
        this.#log.warn({ err: error }, "the object store is not there yet; trying again");
        await pause(RETRY_MS, signal);
      }
    if (buckets === null) return;
    const intake = new ObjectsIntake({
      buckets,
      expected: this.expected,
      folder: this.folder,
      setAside: this.setAside,
      clock,
      log: this.#log,
      keepMs: pair ? DAY_MS : 0,
      keepBytes: limits.bytes / 2,
      leads,
      nodes,
    });
    await Promise.all([
      intake.run(signal),
      everyUntil(
        signal,
        RETENTION_EVERY_MS,
        () => applyRetention({ store, turns, folder: this.folder, clock }),
        (error) => this.#log.error({ err: error }, "objects could not be removed"),
      ),
    ]);
    await this.setAside.idle();
  }

  /** The routes of `shared/src/journal/lab-export.ts`. */
  routes({ store, turns, stop, key, version }: KeepingApiPorts): Route[] {
    const publicKey = createPublicKey(key);
    const lab = keyIdOf(publicKey);
    const retention = { store, turns, folder: this.folder, clock: this.#clock };
    return [
      {
        method: "GET",
        path: /^\/api\/lab$/,
        handle: () => jsonReply({ lab, pem: publicPem(publicKey), version }),
      },
      {
        method: "GET",
        path: /^\/api\/objects\/([^/]+)$/,
        handle: async (request) => {
          const study = studyIdSchema.safeParse(request.params[0]);
          if (!study.success || !store.state.studies.has(study.data)) return noStudy();
          return jsonReply({ objects: await this.folder.list(study.data) });
        },
      },
      {
        method: "GET",
        path: /^\/api\/objects\/([^/]+)\/([^/]+)$/,
        handle: async (request) => {
          const study = studyIdSchema.safeParse(request.params[0]);
          const sha256 = sha256HexSchema.safeParse(request.params[1]);
          const bytes =
            study.success && sha256.success ? await this.folder.read(study.data, sha256.data) : null;
          return bytes === null
            ? jsonReply({ error: "there is no such object" }, 404)
            : jsonReply({ base64: bytes.toString("base64") });
        },
      },
      {
        method: "POST",
        path: /^\/api\/studies\/([^/]+)\/prune$/,
        handle: (request) => pruneStudy(retention, request),
      },
      {
        method: "POST",
        path: /^\/api\/studies\/([^/]+)\/move-out$/,
        handle: (request) => moveOut(stop, request),
      },
      {
        method: "POST",
        path: /^\/api\/import$/,
        handle: (request) => importStudy({ store, turns, lab }, this.#imports, request),
      },
      {
        method: "POST",
        path: /^\/api\/import\/object$/,
        handle: (request) => this.#importObject(store, request),
      },
    ];
  }

  /** An object of a study that is being imported. */
  async #importObject(store: JournalStore, request: HttpRequest): Promise<HttpReply> {
    const body = importObjectRequestSchema.safeParse(await request.json());
    if (!body.success) return jsonReply({ problems: problemsIn("", body.error) }, 422);
    const { study: id, sha256, offset, base64, last } = body.data;
    const study = store.state.studies.get(id);
    if (study === undefined || !isImporting(study))
      return jsonReply({ problems: [`no study ${id} is being imported`] }, 409);
    const bytes = Buffer.from(base64, "base64");
    const { have, done, whole } = await this.folder.putPiece(id, sha256, { offset, bytes, last });
    return whole
      ? jsonReply({ have, done })
      : jsonReply({ problems: [`object ${sha256} is not what its name says`] }, 422);
  }
}

const noStudy = () => jsonReply({ error: "there is no such study" }, 404);
