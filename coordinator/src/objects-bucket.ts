import {
  jetstream,
  JetStreamApiError,
  jetstreamManager,
  StorageType,
  type JetStreamManager,
} from "@nats-io/jetstream";
import { Objm, type ObjectInfo, type ObjectStore } from "@nats-io/obj";
import { nanos, type NatsConnection } from "@nats-io/transport-node";
import { objectBucket, type NodeId } from "@redline/shared";
import { z } from "zod";

/** What lies in a node's bucket under a name. */
export type InBucket =
  | { readonly is: "absent" }
  /** Somebody took it and marked it. */
  | { readonly is: "taken" }
  | { readonly is: "too-large"; readonly bytes: number }
  /** It is no object as this lab's nodes write them: not read. */
  | { readonly is: "refused"; readonly why: string }
  | { readonly is: "there"; readonly bytes: Uint8Array };

export interface Listed {
  readonly name: string;
  /** As its node says. */
  readonly bytes: number;
}

/** The object buckets of the nodes, as the coordinator uses them. Everything in a bucket is its node's word. */
export interface Buckets {
  /** Makes the bucket where it is not there. @throws Error that names the remedy, when the bus has no room for it */
  ensure(node: NodeId): Promise<void>;
  get(node: NodeId, name: string, mostBytes: number): Promise<InBucket>;
  /** Marks it as taken; its node removes its own then. */
  take(node: NodeId, name: string): Promise<void>;
  /** What is there and not marked; null where there is no bucket. */
  list(node: NodeId): Promise<Listed[] | null>;
}

export interface BucketLimits {
  /** Of one bucket: a node whose bucket is full waits. */
  readonly bytes: number;
  /** What nobody took for so long goes, and its node sends it again. */
  readonly ttlMs: number;
  readonly replicas: number;
}

/** A chunk has 128 KiB where nothing else is said, and never less than a few KiB. */
const LEAST_CHUNK = 4096;
const NAME_CHARS = 300;
const MIB = 1_048_576;
/** Server codes for: limits of the account, no suitable peers, insufficient resources, no storage left. */
const NO_ROOM: readonly number[] = [10002, 10005, 10023, 10028, 10047];

const infoSchema = z.object({
  size: z.int().min(0),
  chunks: z.int().min(0),
  nuid: z.string().regex(/^[A-Za-z0-9]{1,64}$/),
});
const listedSchema = z.object({ name: z.string().min(1).max(NAME_CHARS), size: z.int().min(0).catch(0) });

export async function openBuckets(connection: NatsConnection, limits: BucketLimits): Promise<Buckets> {
  const js = jetstream(connection);
  const jsm = await jetstreamManager(connection);
  const objm = new Objm(js);
  const ensured = new Set<NodeId>();
  const stores = new Map<NodeId, ObjectStore>();
  const storeOf = async (node: NodeId): Promise<ObjectStore> => {
    const known = stores.get(node) ?? (await objm.open(objectBucket(node), false));
    stores.set(node, known);
    return known;
  };
  return {
    async ensure(node) {
      if (ensured.has(node)) return;
      try {
        await objm.create(objectBucket(node), {
          storage: StorageType.File,
          max_bytes: limits.bytes,
          ttl: nanos(limits.ttlMs),
          replicas: limits.replicas,
        });
      } catch (error) {
        throw withRemedy(error, node, limits.bytes);
      }
      ensured.add(node);
    },
    async get(node, name, mostBytes) {
      const info = await (await storeOf(node)).info(name).catch(orNoBucket);
      if (info === null) return { is: "absent" };
      if (info.deleted) return { is: "taken" };
      // Its node could name another's bucket, or itself.
      if (info.options?.link !== undefined) return { is: "refused", why: "it is a link" };
      const parts = whyNoObject(info);
      if ("why" in parts) return { is: "refused", why: parts.why };
      if (parts.size > mostBytes) return { is: "too-large", bytes: parts.size };
      return readChunks(jsm, node, parts, mostBytes);
    },
    async take(node, name) {
      const store = await storeOf(node);
      await store.delete(name).catch(async (error: unknown) => {
        if (!(error instanceof SyntaxError)) throw error;
        // What cannot be read cannot be marked.
        await jsm.streams.purge(streamOf(node), { filter: metaSubject(node, name) });
      });
    },
    async list(node) {
      try {
        const found = await (await storeOf(node)).list();
        return found.flatMap((info) => {
          const listed = listedSchema.safeParse({ name: info.name, size: info.size });
          return info.deleted || !listed.success ? [] : [{ name: listed.data.name, bytes: listed.data.size }];
        });
      } catch {
        return null;
      }
    },
  };
}

type Parts = z.infer<typeof infoSchema>;

function whyNoObject(info: ObjectInfo): Parts | { readonly why: string } {
  const { size, chunks, nuid } = info;
  const parsed = infoSchema.safeParse({ size, chunks, nuid });
  if (!parsed.success) return { why: "its description is not one" };
  const most = Math.ceil(parsed.data.size / LEAST_CHUNK);
  if (parsed.data.size > 0 && (parsed.data.chunks === 0 || parsed.data.chunks > most))
    return { why: `${parsed.data.size} bytes in ${parsed.data.chunks} chunks` };
  return parsed.data;
}

/**
 * Reads chunk by chunk with requests that each end in time: a consumer would wait for ever for chunks that its node names and never
 * wrote. Reads no further than the limit, whatever the bucket says of the size.
 */
async function readChunks(
  jsm: JetStreamManager,
  node: NodeId,
  { size, chunks, nuid }: Parts,
  mostBytes: number,
): Promise<InBucket> {
  if (size === 0) return { is: "there", bytes: new Uint8Array() };
  const next_by_subj = `$O.${objectBucket(node)}.C.${nuid}`;
  const read: Uint8Array[] = [];
  let [seq, bytes] = [1, 0];
  for (let left = chunks; left > 0; left -= 1) {
    const query = { seq, next_by_subj };
    const chunk = await jsm.streams.getMessage(streamOf(node), query);
    if (chunk === null) return { is: "absent" };
    bytes += chunk.data.length;
    if (bytes > mostBytes) return { is: "too-large", bytes };
    read.push(chunk.data);
    seq = chunk.seq + 1;
  }
  return { is: "there", bytes: Buffer.concat(read) };
}

const streamOf = (node: NodeId) => `OBJ_${objectBucket(node)}`;

/** As the object store names it: base64 for addresses, with its padding. */
const metaSubject = (node: NodeId, name: string) =>
  `$O.${objectBucket(node)}.M.${Buffer.from(name).toString("base64").replaceAll("+", "-").replaceAll("/", "_")}`;

/** A bucket that nobody made has nothing. */
function orNoBucket(error: unknown): null {
  if (error instanceof JetStreamApiError && error.code === NO_STREAM) return null;
  throw error;
}
const NO_STREAM = 10059;

function withRemedy(error: unknown, node: NodeId, bytes: number): unknown {
  if (!(error instanceof JetStreamApiError) || !NO_ROOM.includes(error.code)) return error;
  return new Error(
    `the bus has no room for a bucket of ${Math.round(bytes / MIB)} MiB for the objects of ${node}: raise max_file_store of nats-server ` +
      `above (nodes x REDLINE_OBJECTS_MIB) and what the streams need, or lower REDLINE_OBJECTS_MIB, which holds for new buckets`,
    { cause: error },
  );
}
