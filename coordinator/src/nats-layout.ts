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
import { Kvm } from "@nats-io/kv";
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
}

/**
 * Makes sure that every stream, consumer and bucket of nats.md section 8 is there. Safe to repeat. Only
 * features of nats-server 2.9 are used; what is there already is left as it is, and since servers ignore
 * options they do not know, each is read back and every difference is logged.
 */
export async function ensureLayout(
  connection: NatsConnection,
  jsm: JetStreamManager,
  options: LayoutOptions,
  log: Logger,
): Promise<void> {
  for (const wanted of streamsOf(options)) {
    const info = (await orMissing(jsm.streams.info(wanted.name))) ?? (await jsm.streams.add(wanted));
    logDifferences(log, `stream ${wanted.name}`, wanted, info.config);
  }
  for (const { stream, config } of consumersOf(options)) {
    const info =
      (await orMissing(jsm.consumers.info(stream, config.durable_name))) ??
      (await jsm.consumers.add(stream, config));
    logDifferences(log, `consumer ${config.durable_name}`, config, info.config);
  }
  const kvm = new Kvm(connection);
  for (const { bucket, ...config } of bucketsOf())
    if ((await orMissing(jsm.streams.info(`KV_${bucket}`))) === null) await kvm.create(bucket, config);
}

type NamedStream = Partial<StreamConfig> & { name: string };

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
    deny_delete: true,
    deny_purge: true,
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

const bucketsOf = () => [
  { bucket: buckets.lease, ttl: 5 * MINUTE_MS, history: 1, storage: StorageType.File },
  { bucket: buckets.inventory, ttl: 5 * MINUTE_MS, history: 1, storage: StorageType.File },
  { bucket: buckets.trial, history: 10, storage: StorageType.File },
];

const NOT_FOUND = 404;
async function orMissing<T>(asked: Promise<T>): Promise<T | null> {
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
