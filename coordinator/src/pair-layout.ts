import {
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamConfig,
} from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import { buckets, keys, kvSubject, streams, subjects } from "@redline/shared";
import { ConfigError, pause, type Logger } from "@redline/daemon";
import { GONE_MS } from "./leader-watch.ts";
import { ensureStream, orMissing, type NamedStream } from "./nats-layout.ts";

/** What a pair of coordinators needs before one of them leads. */
export interface PairLayoutOptions {
  /** Of `PairSecret`. */
  readonly token: string;
  readonly journalBytes: number;
  readonly replicas: number;
}

const DUPLICATES_MS = 120_000;
const LEAD = `KV_${buckets.lead}`;

/**
 * The journal's stream and the bucket that says who leads: either of a pair makes them, before anyone leads. Each takes one subject,
 * which only those know who have the signing key. Safe to repeat.
 * @throws ConfigError when a coordinator with another signing key leads on this bus.
 */
export async function ensurePairLayout(
  jsm: JetStreamManager,
  { token, journalBytes, replicas }: PairLayoutOptions,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const common = {
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    num_replicas: replicas,
    deny_delete: true,
    deny_purge: true,
  };
  const lead: NamedStream = {
    ...common,
    name: LEAD,
    subjects: [kvSubject(buckets.lead, keys.leader(token))],
    max_msgs_per_subject: 1,
  };
  const journal: NamedStream = {
    ...common,
    name: streams.journal,
    subjects: [subjects.journal(token)],
    max_bytes: journalBytes,
    duplicate_window: nanos(DUPLICATES_MS),
  };
  for (const wanted of [lead, journal]) {
    const there = await orMissing(jsm.streams.info(wanted.name));
    if (there !== null && !sameSubjects(there.config, wanted)) {
      // Who leads has its bucket: without that, nobody writes lines.
      if (wanted === lead) await refuseIfLed(jsm, lead, there.state.last_seq, signal);
      if (signal.aborted) return;
      log.warn({ stream: wanted.name }, "the signing key is another than before: the stream goes over to it");
      // Whoever wrote under the old key can store nothing from here on.
      await jsm.streams.update(wanted.name, { ...there.config, subjects: [...(wanted.subjects ?? [])] });
    }
    await ensureStream(jsm, wanted, log);
  }
}

const sameSubjects = (a: StreamConfig, b: NamedStream) =>
  JSON.stringify(a.subjects) === JSON.stringify(b.subjects);

/** A leader writes its key several times within this wait. The other one of the pair may have changed the subject meanwhile. */
async function refuseIfLed(jsm: JetStreamManager, lead: NamedStream, before: number, signal: AbortSignal) {
  await pause(GONE_MS, signal);
  const { config, state } = await jsm.streams.info(LEAD);
  if (signal.aborted || sameSubjects(config, lead) || state.last_seq === before) return;
  throw new ConfigError(
    "a coordinator with another signing key leads on this bus; give both the same file with REDLINE_SIGNING_KEY_FILE",
  );
}
