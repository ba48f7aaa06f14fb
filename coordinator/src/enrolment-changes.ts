import { JetStreamApiError, type JetStreamManager } from "@nats-io/jetstream";
import { consumers, streams, type NodeId } from "@redline/shared";
import { everyUntil, type Logger } from "@redline/daemon";
import type { Dispatcher } from "./dispatcher.ts";
import type { Enrolment } from "./enrolment.ts";
import type { JournalStore } from "./journal-store.ts";
import type { NodeBook } from "./node-book.ts";

export interface EnrolmentChangesPorts {
  readonly enrolment: Pick<Enrolment, "nodes" | "set" | "onChange">;
  readonly store: Pick<JournalStore, "state" | "commit">;
  readonly book: Pick<NodeBook, "forget">;
  readonly dispatcher: Pick<Dispatcher, "tell">;
  readonly jsm: { readonly consumers: Pick<JetStreamManager["consumers"], "delete"> };
  /** Makes what nodes need on the bus; safe to repeat. */
  readonly layout: (nodes: readonly NodeId[]) => Promise<void>;
  /** Called when something changed that a pass should see. */
  readonly wake: () => void;
  readonly log: Logger;
}

const RETRY_MS = 1000;
const NOT_FOUND = 404;

/**
 * Acts on enrolment until the signal aborts. A new node gets its queue. A removed one is told once to end its cells (its pulses stop
 * too, so they end without that), is journalled as gone, and loses its queue. What fails is tried again each second.
 */
export async function followEnrolment(ports: EnrolmentChangesPorts, signal: AbortSignal): Promise<void> {
  const { enrolment, store, log } = ports;
  const joining = new Set<NodeId>();
  const leaving = new Set<NodeId>();
  // Also those that were removed while no coordinator ran.
  for (const [node, view] of store.state.nodes)
    if (view.goneWhy === null && !enrolment.set().has(node)) leaving.add(node);
  const off = enrolment.onChange(({ added, removed }) => {
    for (const node of added) {
      // Removed and added again before the step ran: it has its queue, and is not gone.
      leaving.delete(node);
      joining.add(node);
    }
    for (const node of removed) {
      joining.delete(node);
      leaving.add(node);
      tellToEnd(ports, node);
      ports.book.forget(node);
    }
    ports.wake();
  });
  const step = async () => {
    if (joining.size > 0) {
      const nodes = [...joining];
      await ports.layout(nodes);
      for (const node of nodes) joining.delete(node);
    }
    for (const node of leaving) {
      await remove(ports, node);
      // Added again meanwhile: the next step gives it its queue back.
      if (leaving.delete(node)) log.warn({ node }, "node was removed from the lab");
    }
  };
  await everyUntil(signal, RETRY_MS, step, (error) =>
    log.error({ err: error }, "a change of enrolment is not done yet; trying again"),
  );
  off();
}

/** Best effort: its login may be cut already. */
function tellToEnd({ dispatcher, log }: EnrolmentChangesPorts, node: NodeId): void {
  try {
    dispatcher.tell(node, `removed.${node}.${Date.now()}`, {
      verb: "stop",
      reason: "this node was removed from the lab",
    });
  } catch (error) {
    log.warn({ err: error, node }, "a removed node could not be told to end its cells");
  }
}

async function remove({ store, jsm, book }: EnrolmentChangesPorts, node: NodeId): Promise<void> {
  book.forget(node);
  const view = store.state.nodes.get(node);
  if (view?.goneWhy === null) await store.commit({ kind: "node-gone", node, why: "removed from the lab" });
  try {
    await jsm.consumers.delete(streams.commands, consumers.commandsOf(node));
  } catch (error) {
    if (!(error instanceof JetStreamApiError && error.status === NOT_FOUND)) throw error;
  }
}
