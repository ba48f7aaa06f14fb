import {
  clearRequestSchema,
  nodeIdSchema,
  whyRequestSchema,
  type ControlAnswer,
  type NodeId,
} from "@redline/shared";
import { jsonReply, type HttpReply, type HttpRequest } from "@redline/daemon";
import type { Command } from "@redline/shared";
import type { Dispatcher } from "./dispatcher.ts";

export interface NodeOrderPorts {
  readonly nodes: readonly NodeId[];
  /** What reaches the nodes; null before the first connection. */
  readonly reach: () => { readonly dispatcher: Pick<Dispatcher, "ask"> } | null;
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

async function askNode(
  { nodes, reach }: NodeOrderPorts,
  { params }: HttpRequest,
  order: Command["order"],
  waitMs: number,
): Promise<HttpReply> {
  const node = nodeIdSchema.safeParse(params[0]);
  if (!node.success || !nodes.includes(node.data))
    return jsonReply({ error: `no node of this name is enrolled; enrolled are ${nodes.join(", ")}` }, 404);
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
