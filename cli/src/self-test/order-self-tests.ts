import { pause } from "@redline/daemon";
import {
  coordinatorRecordSchema,
  nodeRecordSchema,
  type NodeId,
  type NodeRecord,
  type SelfTest,
} from "@redline/shared";
import { CliError, EXIT } from "../exit-codes.ts";
import type { ApiClient } from "../source/api-client.ts";
import { orderedBy } from "../run/order-stop.ts";

/** What became of one node's self-test; `report` is null where none came, and `why` says why. */
export interface SelfTestOutcome {
  readonly node: NodeId;
  readonly report: SelfTest | null;
  readonly why: string;
}

export interface SelfTestOptions {
  readonly client: ApiClient;
  readonly nodes: readonly NodeId[];
  readonly why: string;
  /** Called as each node is done. */
  readonly onDone: (outcome: SelfTestOutcome) => void;
  readonly signal?: AbortSignal;
  readonly limitMs?: number;
}

/** The suite takes a minute or two; a machine that does not get through it in this time has something else to do. */
const LIMIT_MS = 15 * 60_000;
const WAIT_MS = 5000;
const RETRY_MS = 500;
/** Beyond the end of every journal: asks for its head alone. */
const BEYOND = 999_999_999_999;

/**
 * Orders the escape suite on nodes and waits for the record of each. One that refuses, does not answer, starts again or is lost
 * meanwhile has no report. @throws CliError when the coordinator cannot be reached at the start, and when the signal aborts.
 */
export async function orderSelfTests(options: SelfTestOptions): Promise<SelfTestOutcome[]> {
  const { client, nodes, why, onDone, signal = new AbortController().signal } = options;
  const running = new Map((await client.nodes()).map(({ inventory: i }) => [i.node, i.instance]));
  let { head } = await client.journal(BEYOND, 0, signal);
  const done = new Map<NodeId, SelfTestOutcome>();
  const settle = (outcome: SelfTestOutcome) => {
    if (done.has(outcome.node)) return;
    done.set(outcome.node, outcome);
    onDone(outcome);
  };
  await Promise.all(
    nodes.map(async (node) => {
      const refused = await client
        .selfTestNode(node, { who: orderedBy(), why: why.slice(0, 300) })
        .then((answer) => (answer.done ? null : answer.why || "the node refused"))
        .catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
      if (refused !== null) settle({ node, report: null, why: refused });
    }),
  );
  const deadline = performance.now() + (options.limitMs ?? LIMIT_MS);
  // Ends when each node is settled, at the latest at the deadline.
  while (nodes.some((node) => !done.has(node)) && performance.now() < deadline) {
    signal.throwIfAborted();
    try {
      const { lines } = await client.journal(head, WAIT_MS, signal);
      head += lines.length;
      for (const line of lines) {
        const outcome = outcomeIn(line, running);
        if (outcome !== null && nodes.includes(outcome.node)) settle(outcome);
      }
    } catch (error) {
      signal.throwIfAborted();
      // A coordinator that starts again is waited for: the nodes' reports are not lost with it.
      if (!(error instanceof CliError && error.code === EXIT.unreachable)) throw error;
      await pause(RETRY_MS, signal);
    }
  }
  for (const node of nodes)
    settle({ node, report: null, why: "no report came in time; look at its daemon's log" });
  return nodes.flatMap((node) => done.get(node) ?? []);
}

/**
 * What one line of the coordinator's journal says of a self-test that is under way, or null.
 * @param running each node's daemon at the start: its own word of its start may come in late.
 */
function outcomeIn(line: string, running: ReadonlyMap<NodeId, string>): SelfTestOutcome | null {
  const record = coordinatorRecordSchema.safeParse(JSON.parse(line));
  if (!record.success) return null;
  const { body } = record.data;
  if (body.kind === "node-gone")
    return { node: body.node, report: null, why: `the node is gone: ${body.why}` };
  if (body.kind !== "node-record") return null;
  const told: NodeRecord | undefined = nodeRecordSchema.safeParse(JSON.parse(body.line)).data;
  if (told?.body.kind === "self-test") return { node: body.node, report: told.body.report, why: "" };
  if (told?.body.kind === "node-started" && told.body.instance !== running.get(body.node))
    return { node: body.node, report: null, why: "its daemon started again during the test" };
  return null;
}

/** Whether a node may take a real model after this. */
export const isGreen = ({ report }: SelfTestOutcome): boolean => report?.green === true;
