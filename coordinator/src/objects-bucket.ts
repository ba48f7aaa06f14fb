import { jetstream, jetstreamManager, StorageType } from "@nats-io/jetstream";
import { Objm, type ObjectStore } from "@nats-io/obj";
import { nanos, type NatsConnection } from "@nats-io/transport-node";
import { objectBucket, type NodeId } from "@redline/shared";

/** What lies in a node's bucket under a name. */
export type InBucket =
  | { readonly is: "absent" }
  /** Somebody took it and marked it. */
  | { readonly is: "taken" }
  | { readonly is: "too-large"; readonly bytes: number }
  | { readonly is: "there"; readonly bytes: Uint8Array };

/** The object buckets of the nodes, as the coordinator uses them. */
export interface Buckets {
  /** Makes the bucket where it is not there. */
  ensure(node: NodeId): Promise<void>;
  get(node: NodeId, name: string, mostBytes: number): Promise<InBucket>;
  /** Marks it as taken; its node removes its own then. */
  take(node: NodeId, name: string): Promise<void>;
  /** Names of what is there and not marked; null where there is no bucket. */
  list(node: NodeId): Promise<string[] | null>;
}

export interface BucketLimits {
  /** Of one bucket: a node whose bucket is full waits. */
  readonly bytes: number;
  /** What nobody took for so long goes, and its node sends it again. */
  readonly ttlMs: number;
  readonly replicas: number;
}

const TOKEN = /^[A-Za-z0-9]{1,64}$/;

export async function openBuckets(connection: NatsConnection, limits: BucketLimits): Promise<Buckets> {
  const js = jetstream(connection);
  const jsm = await jetstreamManager(connection);
  const objm = new Objm(js);
  const stores = new Map<NodeId, ObjectStore>();
  const storeOf = async (node: NodeId): Promise<ObjectStore> => {
    const known = stores.get(node) ?? (await objm.open(objectBucket(node), false));
    stores.set(node, known);
    return known;
  };
  return {
    async ensure(node) {
      if (stores.has(node)) return;
      stores.set(
        node,
        await objm.create(objectBucket(node), {
          storage: StorageType.File,
          max_bytes: limits.bytes,
          ttl: nanos(limits.ttlMs),
          replicas: limits.replicas,
        }),
      );
    },
    async get(node, name, mostBytes) {
      const store = await storeOf(node);
      const info = await store.info(name);
      if (info === null) return { is: "absent" };
      if (info.deleted) return { is: "taken" };
      if (info.size > mostBytes) return { is: "too-large", bytes: info.size };
      if (info.size === 0) return { is: "there", bytes: new Uint8Array() };
      // One chunk is one request; a consumer for each small object would be ten.
      if (info.chunks === 1 && TOKEN.test(info.nuid)) {
        const last_by_subj = `$O.${objectBucket(node)}.C.${info.nuid}`;
        const chunk = await jsm.streams.getMessage(`OBJ_${objectBucket(node)}`, { last_by_subj });
        return chunk === null ? { is: "absent" } : { is: "there", bytes: chunk.data };
      }
      return readAll(store, name, mostBytes);
    },
    async take(node, name) {
      await (await storeOf(node)).delete(name);
    },
    async list(node) {
      try {
        const found = await (await storeOf(node)).list();
        return found.filter(({ deleted }) => !deleted).map(({ name }) => name);
      } catch {
        return null;
      }
    },
  };
}

/** Reads no further than the limit, whatever the bucket says of the size. */
async function readAll(store: ObjectStore, name: string, mostBytes: number): Promise<InBucket> {
  const found = await store.get(name);
  if (found === null) return { is: "absent" };
  const reader = found.data.getReader();
  // Told by the reader as well.
  found.error.catch(() => undefined);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { is: "there", bytes: Buffer.concat(chunks) };
    bytes += value.length;
    if (bytes > mostBytes) {
      await reader.cancel();
      return { is: "too-large", bytes };
    }
    chunks.push(value);
  }
}
