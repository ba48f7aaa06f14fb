import {
  buckets,
  consumers,
  kvSubject,
  nodeIdSchema,
  objectBucket,
  streams,
  subjects,
  type CoordinatorName,
  type NodeId,
} from "@redline/shared";
import { inboxPrefixOf } from "../nats.ts";
import type { ObserverName } from "./role-names.ts";

/** What a role may do on the bus: subjects it may publish to and subscribe to, and no others. */
export interface Rights {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

const API = "$JS.API";
const KV = Object.values(buckets).map((bucket) => `KV_${bucket}`);
const OWN_STREAMS = [...Object.values(streams), ...KV];
/** JetStream's stream of a node's object bucket, and the subjects of all such buckets. */
const objectStream = (node: NodeId) => `OBJ_${objectBucket(node)}`;
/** Subjects of one shape for every node. */
const anyNode = (subjectOf: (node: NodeId) => string) =>
  subjectOf(nodeIdSchema.parse("any")).replace(/\bany\b/, "*");

/**
 * A coordinator makes streams, consumers and buckets, and reads all of them. It deletes no stream, and writes no record, lease or
 * inventory: what nodes say comes from nodes. Two coordinators have the same rights, each with its own inbox and its own answers.
 * @param nodes enrolled nodes and former ones, whose objects it still removes
 */
export function coordinatorRights(name: CoordinatorName, nodes: readonly NodeId[]): Rights {
  return {
    publish: [
      subjects.allCommands,
      anyNode((node) => subjects.control(node)),
      // `redline kill` logs in as the coordinator: it needs its key anyway.
      subjects.kill,
      subjects.answersBy(name),
      subjects.allJournals,
      subjects.journalOlder,
      kvSubject(buckets.trial, ">"),
      kvSubject(buckets.lead, ">"),
      `${API}.INFO`,
      `${API}.STREAM.INFO.*`,
      `${API}.STREAM.MSG.GET.*`,
      `${API}.DIRECT.GET.>`,
      ...OWN_STREAMS.flatMap((stream) => [
        `${API}.STREAM.CREATE.${stream}`,
        // The number of copies follows a setting.
        `${API}.STREAM.UPDATE.${stream}`,
        `${API}.CONSUMER.CREATE.${stream}.>`,
        `${API}.CONSUMER.INFO.${stream}.*`,
        `${API}.CONSUMER.DELETE.${stream}.*`,
      ]),
      `${API}.STREAM.MSG.DELETE.${streams.commands}`,
      `${API}.CONSUMER.MSG.NEXT.${streams.records}.${consumers.records}`,
      `$JS.ACK.${streams.records}.${consumers.records}.>`,
      `${API}.CONSUMER.MSG.NEXT.${streams.journal}.*`,
      `$JS.ACK.${streams.journal}.>`,
      `${API}.CONSUMER.MSG.NEXT.${streams.advisories}.${consumers.advisories}`,
      `$JS.ACK.${streams.advisories}.${consumers.advisories}.>`,
      "$JS.FC.>",
      // Objects are read, and marked and purged when their time is over; only their node writes their chunks.
      "$O.*.M.*",
      ...nodes.flatMap((node) => [
        `${API}.STREAM.CREATE.${objectStream(node)}`,
        `${API}.STREAM.PURGE.${objectStream(node)}`,
        `${API}.CONSUMER.CREATE.${objectStream(node)}.>`,
        `${API}.CONSUMER.INFO.${objectStream(node)}.*`,
        `${API}.CONSUMER.DELETE.${objectStream(node)}.*`,
        `${API}.CONSUMER.MSG.NEXT.${objectStream(node)}.*`,
      ]),
    ],
    subscribe: [
      `${inboxPrefixOf(name)}.>`,
      subjects.answersTo(name),
      subjects.allTimes,
      // A standby looks at the stream as soon as something was written to it.
      subjects.allJournals,
      subjects.journalOlder,
    ],
  };
}

/**
 * A node takes its own commands and writes its own records, lease, inventory and objects. Never DIRECT.GET or CONSUMER.CREATE: with
 * them the server would send content of the node's choice to a subject of its choice.
 */
export function nodeRights(node: NodeId): Rights {
  const consumer = `${streams.commands}.${consumers.commandsOf(node)}`;
  return {
    publish: [
      `${API}.INFO`,
      `${API}.CONSUMER.MSG.NEXT.${consumer}`,
      `${API}.CONSUMER.INFO.${consumer}`,
      `$JS.ACK.${consumer}.>`,
      subjects.record(node),
      subjects.peersFrom(node),
      subjects.answersBy(node),
      subjects.time(node),
      kvSubject(buckets.lease, `${node}.*`),
      kvSubject(buckets.inventory, node),
      `$O.${objectBucket(node)}.>`,
      `${API}.STREAM.INFO.${objectStream(node)}`,
      `${API}.STREAM.MSG.GET.${objectStream(node)}`,
      `${API}.STREAM.PURGE.${objectStream(node)}`,
    ],
    subscribe: [
      `${inboxPrefixOf(node)}.>`,
      subjects.control(node),
      subjects.controlAll,
      subjects.kill,
      subjects.peersTo(node),
      subjects.answersTo(node),
    ],
  };
}

/** An observer sees records as they come and asks how long the streams are. What was before is in the coordinator's API. */
export function observerRights(name: ObserverName): Rights {
  return {
    publish: [`${API}.STREAM.INFO.${streams.records}`, `${API}.STREAM.INFO.KV_${buckets.trial}`],
    subscribe: [`${inboxPrefixOf(name)}.>`, subjects.allRecords],
  };
}
