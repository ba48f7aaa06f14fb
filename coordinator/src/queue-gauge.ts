import type { ConsumerInfo, JetStreamManager } from "@nats-io/jetstream";
import { consumers, streams, type NodeId } from "@redline/shared";

export const QUEUE_STATES = ["pending", "ack_pending", "redelivered"] as const;
export type QueueCounts = Readonly<Record<(typeof QUEUE_STATES)[number], number>>;

/** Commands that wait on the stream, summed over all nodes' consumers. @throws when the server does not answer. */
export async function readQueue(jsm: JetStreamManager, nodes: readonly NodeId[]): Promise<QueueCounts> {
  const names = new Set(nodes.map((node) => consumers.commandsOf(node)));
  // By pages: a question for each node would be a thousand of them at every scrape.
  const infos: ConsumerInfo[] = [];
  for await (const info of jsm.consumers.list(streams.commands)) if (names.has(info.name)) infos.push(info);
  const sum = (of: (info: ConsumerInfo) => number) => infos.reduce((all, info) => all + of(info), 0);
  return {
    pending: sum((info) => info.num_pending),
    ack_pending: sum((info) => info.num_ack_pending),
    redelivered: sum((info) => info.num_redelivered),
  };
}
