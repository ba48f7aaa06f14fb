import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  JetStreamApiError,
  type ConsumerConfig,
  type JetStreamManager,
  type StreamConfig,
} from "@nats-io/jetstream";
import { Kvm, type KvOptions } from "@nats-io/kv";
import { nanos, type NatsConnection } from "@nats-io/transport-node";
import { buckets, consumers, streams, subjects, type NodeId } from "@redline/shared";
import type { Logger } from "@redline/daemon";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const MIB = 1_048_576;

export interface LayoutOptions {
  readonly nodes: readonly NodeId[];
  readonly commandsPending: number;
  readonly recordsBytes: number;
  /** Copies of each stream and bucket; consumers have as many as their stream. */
  readonly replicas: number;
}

/**
 * Makes sure that every stream, consumer and bucket of nats.md section 8 is there. Safe to repeat. Only
 * features of nats-server 2.9 are used; of what is there already only the number of copies is changed, and since servers ignore
 * options they do not know, each is read back and every difference is logged.
 */
export async function ensureLayout(
  connection: NatsConnection,
  jsm: JetStreamManager,
  options: LayoutOptions,
  log: Logger,
): Promise<void> {
  for (const wanted of streamsOf(options)) await ensureStream(jsm, wanted, log);
  for (const { stream, config } of consumersOf(options)) {
    const info =
      (await orMissing(jsm.consumers.info(stream, config.durable_name))) ??
      (await jsm.consumers.add(stream, config));
    logDifferences(log, `consumer ${config.durable_name}`, config, info.config);
  }
  for (const bucket of bucketsOf()) await ensureBucket(connection, jsm, bucket, options.replicas, log);
}

/** Makes a stream where there is none, and gives one that is there the number of copies; other differences are logged. */
export async function ensureStream(jsm: JetStreamManager, wanted: NamedStream, log: Logger): Promise<void> {
  const there = await orMissing(jsm.streams.info(wanted.name));
  if (there === null) await jsm.streams.add(wanted);
  else await ensureReplicas(jsm, there.config, wanted.num_replicas ?? 1, log);
  const { config } = await jsm.streams.info(wanted.name);
  logDifferences(log, `stream ${wanted.name}`, wanted, config);
}

type Bucket = Partial<KvOptions> & { bucket: string };

async function ensureBucket(
  connection: NatsConnection,
  jsm: JetStreamManager,
  { bucket, ...config }: Bucket,
  replicas: number,
  log: Logger,
): Promise<void> {
  const there = await orMissing(jsm.streams.info(`KV_${bucket}`));
  if (there === null) await new Kvm(connection).create(bucket, { ...config, replicas });
  else await ensureReplicas(jsm, there.config, replicas, log);
}

/** A lab that grew from one server to three, or back. The server copies by itself what is there. */
async function ensureReplicas(
  jsm: JetStreamManager,
  config: StreamConfig,
  replicas: number,
  log: Logger,
): Promise<void> {
  if (config.num_replicas === replicas) return;
  log.warn({ stream: config.name, from: config.num_replicas, to: replicas }, "number of copies is changed");
  await jsm.streams.update(config.name, { ...config, num_replicas: replicas });
}

export type NamedStream = Partial<StreamConfig> & { name: string };

const streamsOf = (options: LayoutOptions): NamedStream[] => [
  {
    name: streams.commands,
    subjects: [subjects.allCommands],
    retention: RetentionPolicy.Workqueue,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    max_msg_size: 256 * 1024,
    max_bytes: 64 * MIB,
    // Commands carry their own expiry; this clears those of nodes that never came back.
    max_age: nanos(DAY_MS),
    duplicate_window: nanos(10 * MINUTE_MS),
    num_replicas: options.replicas,
  },
  {
    name: streams.records,
    subjects: [subjects.allRecords],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_bytes: options.recordsBytes,
    max_age: nanos(7 * DAY_MS),
    duplicate_window: nanos(10 * MINUTE_MS),
    num_replicas: options.replicas,
    deny_delete: true,
    deny_purge: true,
  },
  {
    // The server says each only once and to nobody in particular; a coordinator that is away must hear it too.
    name: streams.advisories,
    subjects: [...subjects.commandGivenUp],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_bytes: 4 * MIB,
    max_age: nanos(DAY_MS),
    num_replicas: options.replicas,
  },
];

type Durable = Partial<ConsumerConfig> & { durable_name: string };

const consumersOf = (options: LayoutOptions): { stream: string; config: Durable }[] => [
  ...options.nodes.map((node) => ({
    stream: streams.commands,
    config: {
      durable_name: consumers.commandsOf(node),
      filter_subject: subjects.commandsOf(node),
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ack_wait: nanos(30_000),
      max_deliver: 5,
      max_ack_pending: options.commandsPending,
    },
  })),
  {
    stream: streams.advisories,
    config: {
      durable_name: consumers.advisories,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ack_wait: nanos(10_000),
      max_deliver: -1,
    },
  },
  {
    stream: streams.records,
    config: {
      durable_name: consumers.records,
      filter_subject: subjects.allRecords,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      // What a killed coordinator had in hand comes again only after this, and holds up all that follows it.
      ack_wait: nanos(2000),
      max_deliver: -1,
      max_ack_pending: 5000,
    },
  },
];

const bucketsOf = (): Bucket[] => [
  { bucket: buckets.lease, ttl: 5 * MINUTE_MS, history: 1, storage: StorageType.File },
  { bucket: buckets.inventory, ttl: 5 * MINUTE_MS, history: 1, storage: StorageType.File },
  { bucket: buckets.trial, history: 10, storage: StorageType.File },
];

const NOT_FOUND = 404;
/** Null where the server knows no such thing. */
export async function orMissing<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.status === NOT_FOUND) return null;
    throw error;
  }
}

function logDifferences(log: Logger, what: string, wanted: object, got: object): void {
  const there = new Map<string, unknown>(Object.entries(got));
  const differences = Object.entries(wanted)
    .filter(([name, value]) => JSON.stringify(there.get(name)) !== JSON.stringify(value))
    .map(([name, value]) => ({ name, wanted: JSON.stringify(value), got: JSON.stringify(there.get(name)) }));
  if (differences.length > 0) log.warn({ what, differences }, "NATS layout differs from what is wanted");
}
