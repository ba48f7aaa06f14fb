import {
  clearRequestSchema,
  nodeIdSchema,
  whyRequestSchema,
  type ControlAnswer,
  type Command,
  type NodeId,
  type Projection,
} from "@redline/shared";
import { jsonReply, type HttpReply, type HttpRequest, type Logger } from "@redline/daemon";
import { hasLeft, nodesOf } from "./attempt-facts.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { JournalStore } from "./journal-store.ts";
import { signedBy } from "./signed-request.ts";
import type { Turns } from "./turns.ts";

export interface NodeOrderPorts {
  readonly nodes: readonly NodeId[];
  /** What reaches the nodes; null before the first connection. */
  readonly reach: () => { readonly dispatcher: Pick<Dispatcher, "ask"> } | null;
}

export interface DrainPorts {
  readonly nodes: readonly NodeId[];
  readonly store: Pick<JournalStore, "state" | "commit">;
  readonly turns: Turns;
  readonly log: Logger;
}

/** A self-test is answered when it began. */
const BEGIN_MS = 15_000;
/** A node is cleared after a whole new look at it. */
const CLEAR_MS = 180_000;

/** `POST /api/nodes/NODE/self-test` */
export async function orderSelfTest(ports: NodeOrderPorts, request: HttpRequest): Promise<HttpReply> {
  const body = whyRequestSchema.safeParse(await request.json());
  if (!body.success) return refusedBody(body.error);
  const reason = `${body.data.who}: ${body.data.why}`.slice(0, 300);
  return askNode(ports, request, { verb: "self-test", reason }, BEGIN_MS);
}

/** `POST /api/nodes/NODE/clear` */
export async function orderClear(ports: NodeOrderPorts, request: HttpRequest): Promise<HttpReply> {
  const body = clearRequestSchema.safeParse(await request.json());
  if (!body.success) return refusedBody(body.error);
  const { who, why, force } = body.data;
  return askNode(ports, request, { verb: "clear", who, reason: why, force }, CLEAR_MS);
}

/** `POST /api/nodes/NODE/drain` and `/undrain`: journalled, so that it outlives every restart; the node itself need not be there. */
export async function orderDrain(
  { nodes, store, turns, log }: DrainPorts,
  request: HttpRequest,
  drain: boolean,
): Promise<HttpReply> {
  const order = await signedBy(request, whyRequestSchema);
  if (!order.ok) return order.reply;
  const parsed = nodeIdSchema.safeParse(request.params[0]);
  // One that was removed may still have to be given back: its name would come with the drain.
  const known = parsed.success && (nodes.includes(parsed.data) || store.state.drained.has(parsed.data));
  if (!parsed.success || !known) return noNode(nodes);
  const node = parsed.data;
  const { who, why } = order.data;
  return turns.take(async () => {
    const held = store.state.drained.get(node);
    if (drain && held !== undefined)
      return jsonReply({ problems: [`${held.who} has drained ${node} already: ${held.why}`] }, 409);
    if (!drain && held === undefined) return jsonReply({ problems: [`${node} is not drained`] }, 409);
    await store.commit({ kind: "node-drain", node, drain, who, why });
    log.info({ node, who, why }, drain ? "node drained" : "node back in service");
    return jsonReply({ node, drained: drain, attempts: attemptsOn(store.state).get(node) ?? 0 });
  });
}

/** Attempts that are not over and of which a part may be on a node, by node. */
export function attemptsOn(state: Pick<Projection, "studies" | "trialsOf">): Map<NodeId, number> {
  const counts = new Map<NodeId, number>();
  for (const study of state.studies.values()) {
    if (study.endedAt !== null) continue;
    for (const { attempts } of state.trialsOf(study.id)) {
      const attempt = attempts.at(-1);
      if (attempt?.endedAt !== null) continue;
      for (const node of nodesOf(attempt))
        if (!hasLeft(attempt, node)) counts.set(node, (counts.get(node) ?? 0) + 1);
    }
  }
  return counts;
}

const noNode = (nodes: readonly NodeId[]) =>
  jsonReply({ error: `no node of this name is enrolled; enrolled are ${nodes.join(", ")}` }, 404);

async function askNode(
  { nodes, reach }: NodeOrderPorts,
  { params }: HttpRequest,
  order: Command["order"],
  waitMs: number,
): Promise<HttpReply> {
  const node = nodeIdSchema.safeParse(params[0]);
  if (!node.success || !nodes.includes(node.data)) return noNode(nodes);
  const id = `${order.verb}.${node.data}.${Date.now()}`;
  const answer: ControlAnswer | null = (await reach()?.dispatcher.ask(node.data, id, order, waitMs)) ?? null;
  if (answer !== null) return jsonReply(answer);
  return jsonReply(
    {
      error: `${node.data} did not answer within ${waitMs / 1000} s: look at its daemon, and at \`redline node list\` for when it was heard last`,
    },
    504,
  );
}

const refusedBody = (error: { readonly issues: readonly { readonly message: string }[] }) =>
  jsonReply({ problems: error.issues.map((issue) => issue.message) }, 422);
