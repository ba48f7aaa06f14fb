import type { KeyObject } from "node:crypto";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { z } from "zod";
import {
  attemptRequestSchema,
  challengeRequestSchema,
  nodeIdSchema,
  openCommand,
  reserveRequestSchema,
  sides,
  skewOf,
  subjects,
  type AttemptKey,
  type NodeId,
  type RunOrder,
} from "@redline/shared";
import { answerTo, type Logger } from "@redline/daemon";
import { AttemptFault, faultOf } from "../attempts/attempt-fault.ts";
import type { CoordinatorClock } from "../clock/coordinator-clock.ts";
import { overdue, type PartContext } from "../attempts/device-part.ts";
import type { Refusal } from "../fitness/node-fitness.ts";
import type { Registry } from "../attempts/registry.ts";
import { TargetPart, type TargetDeps } from "../attempts/target-part.ts";
import { attemptName } from "../journal/unfinished.ts";
import { OverParts, whyEnded, type PartEnd } from "./over-parts.ts";

export interface PeerServiceOptions {
  readonly nc: NatsConnection;
  readonly node: NodeId;
  readonly registry: Registry;
  readonly publicKey: KeyObject;
  readonly minEpoch: () => number;
  readonly clock: Pick<CoordinatorClock, "now">;
  /** Why this node does not take part in an order, or null. */
  readonly refuse: (order: RunOrder) => Refusal | null;
  /** The daemon ends: no new parts. */
  readonly draining: () => boolean;
  readonly deps: TargetDeps;
  readonly context: Omit<PartContext, "order" | "device" | "signal" | "loseSlot">;
  readonly log: Logger;
}

const verbSchema = z.enum(["reserve", "watch", "challenge", "release"]);

/**
 * Serves the daemons of other nodes: the target's side of attempts they lead. A request counts only with an order
 * signed by the coordinator that names the asking node as the origin and this node as the target.
 */
export function servePeers(options: PeerServiceOptions): void {
  const parts = new Map<
    string,
    { part: TargetPart; order: RunOrder; reply: ReturnType<TargetPart["reserve"]> }
  >();

  const over = new OverParts();

  const reserve = async (from: NodeId, data: unknown) => {
    const request = reserveRequestSchema.parse(data);
    // The order's own audience is the origin: signature, term and devices are what count here.
    const opened = openCommand(JSON.stringify(request.order), {
      publicKey: options.publicKey,
      node: from,
      nowMs: Date.now(),
      minEpoch: options.minEpoch(),
      coordinator: options.clock.now(),
    });
    if (!opened.ok)
      throw new AttemptFault(
        opened.skew === undefined ? "node-refused" : "version-skew",
        `order: ${opened.why}`,
      );
    const { order } = opened.command;
    if (order.verb !== "run" || order.devices.origin !== from || order.devices.target !== options.node)
      throw new AttemptFault("node-refused", "the order does not name these two nodes");
    const name = attemptName(order.key);
    const known = parts.get(name);
    if (known !== undefined) return known.reply;
    const refusal = options.refuse(order);
    if (refusal !== null) throw new AttemptFault(refusal.fault, refusal.why);
    if (options.draining()) throw new AttemptFault("node-draining", "this daemon was told to end");
    // A late repetition of a request whose attempt is over here must not build a cell that nobody releases.
    const ended = over.endOf(order.key);
    if (ended !== null) throw new AttemptFault(ended.fault ?? "node-refused", ended.why);

    let started: ReturnType<TargetPart["reserve"]> | undefined;
    const taken = options.registry.take(order.key, "target", async (running) => {
      using limit = overdue(order);
      const signal = AbortSignal.any([running.cancel.signal, limit]);
      const context: PartContext = {
        ...options.context,
        order,
        device: "target",
        signal,
        loseSlot: running.loseSlot,
      };
      const part = new TargetPart(context, running, options.deps);
      started = (async () => {
        const command = opened.command.id;
        await context.log.write({ kind: "accepted", device: "target", command }, order.key);
        return part.reserve(request.agentKey, request.from);
      })();
      parts.set(name, { part, order, reply: started });
      // Ends when it is released, cancelled or out of time, or when the cell could not be built.
      const end = await Promise.race([
        part.closeAsked.then((): PartEnd => ({ fault: null, why: "its origin asked for its end" })),
        new Promise<PartEnd>((resolve) =>
          signal.addEventListener("abort", () => resolve(whyEnded(signal.reason, options.draining())), {
            once: true,
          }),
        ),
        started.then(
          () => new Promise<never>(() => undefined),
          // The origin has this for an answer.
          (error: unknown): PartEnd => ({ ...whyEnded(error, options.draining()), told: true }),
        ),
      ]);
      over.note(order.key, end);
      const failed = (error: unknown) => options.log.error({ err: error }, "target part did not close");
      // Begun before the cell is proved gone, which takes its time, and so before the seal.
      const told =
        end.fault === null || end.told === true
          ? null
          : context.log
              .write({ kind: "part-ended", device: "target", fault: end.fault, detail: end.why }, order.key)
              .catch(failed);
      await Promise.all([told, part.close().catch(failed)]);
      parts.delete(name);
    });
    if (taken === null || started === undefined) throw new AttemptFault("node-refused", "no free slot");
    taken.mostCopies = order.limits.copies;
    return started;
  };

  const partOf = (from: NodeId, key: AttemptKey) => {
    const known = parts.get(attemptName(key));
    if (known !== undefined && known.order.devices.origin !== from)
      throw new AttemptFault("node-refused", "not the origin of this attempt");
    return known?.part;
  };
  const isOver = (key: AttemptKey) => over.endOf(key) !== null;
  const notHere = (key: AttemptKey) => {
    const ended = over.endOf(key);
    return ended === null
      ? new AttemptFault("node-restarted", "this attempt is not known here")
      : new AttemptFault(ended.fault ?? "node-refused", ended.why);
  };
  const challenge = async (from: NodeId, data: unknown) => {
    const request = challengeRequestSchema.parse(data);
    const part = partOf(from, request.key);
    if (part === undefined || isOver(request.key)) throw notHere(request.key);
    const result = await part.challenge(request).catch((error: unknown) => {
      // What a step is cut off with says less than why.
      throw isOver(request.key) ? notHere(request.key) : error;
    });
    return { ok: true, result } as const;
  };
  /** Asked again and again while the agent runs: whether this end of the attempt still stands. */
  const watch = (from: NodeId, data: unknown) => {
    const { key } = attemptRequestSchema.parse(data);
    if (partOf(from, key) === undefined || isOver(key)) throw notHere(key);
    return Promise.resolve({ ok: true } as const);
  };
  const release = async (from: NodeId, data: unknown) => {
    await partOf(from, attemptRequestSchema.parse(data).key)?.close();
    return { ok: true } as const;
  };
  const steps = { reserve, watch, challenge, release } as const;

  const answer = async (message: Msg): Promise<void> => {
    const [, , , fromToken, , verbToken] = message.subject.split(".");
    const from = nodeIdSchema.safeParse(fromToken);
    const verb = verbSchema.safeParse(verbToken);
    if (!from.success || !verb.success) return;
    // Nothing is done, either, for who wants the answer elsewhere than at the node that the subject names.
    const send = answerTo(options.nc, message, options.node, (asker) => asker === from.data);
    if (send === null) {
      options.log.warn(
        { from: from.data, verb: verb.data },
        "peer request dropped: its answer is not for its sender",
      );
      return;
    }
    let reply: object;
    try {
      const data: unknown = message.json();
      const skew = skewOf(data, sides.nodeOfPeer(from.data));
      if (skew !== null) throw new AttemptFault("version-skew", skew.upgrade);
      reply = await steps[verb.data](from.data, data);
    } catch (error) {
      const fault = faultOf(error);
      const why = error instanceof Error ? error.message : String(error);
      options.log.warn({ err: error, verb: verb.data, from: from.data }, "peer request refused");
      reply = { ok: false, fault, why: why.slice(0, 500) };
    }
    send(JSON.stringify({ v: 1, ...reply }));
  };

  options.nc.subscribe(subjects.peersTo(options.node), {
    callback: (error, message) => {
      if (error !== null) return;
      answer(message).catch((cause: unknown) =>
        options.log.warn({ err: cause }, "peer request not answered"),
      );
    },
  });
}
