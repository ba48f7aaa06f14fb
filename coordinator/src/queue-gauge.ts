import type { JetStreamManager } from "@nats-io/jetstream";
import { consumers, streams, type NodeId } from "@redline/shared";

export const QUEUE_STATES = ["pending", "ack_pending", "redelivered"] as const;
export type QueueCounts = Readonly<Record<(typeof QUEUE_STATES)[number], number>>;

/** Commands that wait on the stream, summed over all nodes' consumers. @throws when the server does not answer. */
export async function readQueue(jsm: JetStreamManager, nodes: readonly NodeId[]): Promise<QueueCounts> {
  const infos = await Promise.all(
    nodes.map((node) => jsm.consumers.info(streams.commands, consumers.commandsOf(node))),
  );
  const sum = (of: (info: (typeof infos)[number]) => number) =>
    infos.reduce((all, info) => all + of(info), 0);
  return {
    pending: sum((info) => info.num_pending),
    ack_pending: sum((info) => info.num_ack_pending),
    redelivered: sum((info) => info.num_redelivered),
  };
}
