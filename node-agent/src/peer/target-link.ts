import {
  challengeReplySchema,
  doneReplySchema,
  reserveReplySchema,
  type AttemptKey,
  type ChallengeRequest,
  type ChallengeResult,
  type NodeId,
  type SignedCommand,
} from "@redline/shared";
import type { NatsConnection } from "@nats-io/transport-node";
import type { AttemptFault } from "../attempts/attempt-fault.ts";
import { askPeer } from "./peer-client.ts";
import { askOnce, refusesConnections, watchTarget } from "./watch-target.ts";

const RESERVE_MS = 30_000;
const RELEASE_MS = 30_000;
const RESERVE_TRY_MS = 10_000;
const RELEASE_TRY_MS = 3_000;
/** A lost connection swallows questions and answers without a word: asked again after so long, a step goes on and is done once. */
const CHALLENGE_TRY_MS = 10_000;
/** Over settling and the window: two rounds of questions of at most ten minutes each, and the snapshots. */
const CHALLENGE_SPARE_MS = 1_500_000;

export interface ReservedTarget {
  readonly host: string;
  readonly port: number;
  readonly hostKey: string;
}

/** The target's daemon as the origin's daemon sees it, for one attempt. */
export interface TargetLink {
  /** @param address of this node, from which alone the road will be open. */
  reserve(
    order: SignedCommand,
    agentKey: string,
    address: string,
    signal: AbortSignal,
  ): Promise<ReservedTarget>;
  /** One step of the challenges; `waitS` is what the step itself may wait. */
  challenge(
    request: Omit<ChallengeRequest, "v">,
    waitS: number,
    signal: AbortSignal,
  ): Promise<ChallengeResult>;
  /**
   * Calls `tell` once, as soon as the target's end of the attempt stands no more; until the signal aborts. Never rejects.
   * @param road null once it was cut on purpose: that it refuses connections says nothing then
   */
  watch(
    key: AttemptKey,
    road: () => ReservedTarget | null,
    tell: (fault: AttemptFault) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Runs also when the attempt was cancelled. */
  release(key: AttemptKey): Promise<void>;
}

export function createTargetLink(nc: NatsConnection, from: NodeId, to: NodeId): TargetLink {
  return {
    async reserve(order, agentKey, address, signal) {
      const route = { from, to, verb: "reserve" } as const;
      const { host, port, hostKey } = await askPeer(
        nc,
        route,
        { v: 1, order, agentKey, from: address },
        reserveReplySchema,
        {
          timeoutMs: RESERVE_MS,
          tryMs: RESERVE_TRY_MS,
          signal,
        },
      );
      return { host, port, hostKey };
    },
    async challenge(request, waitS, signal) {
      const route = { from, to, verb: "challenge" } as const;
      const timeoutMs = waitS * 1000 + CHALLENGE_SPARE_MS;
      const options = { timeoutMs, tryMs: CHALLENGE_TRY_MS, signal };
      const { result } = await askPeer(nc, route, { v: 1, ...request }, challengeReplySchema, options);
      return result;
    },
    watch(key, road, tell, signal) {
      const ask = () => askOnce(nc, { from, to, verb: "watch" }, { v: 1, key }, signal);
      const refuses = async () => {
        const open = road();
        return open !== null && (await refusesConnections(open)) && road() !== null;
      };
      return watchTarget({ to, ask, refuses, tell }, signal);
    },
    async release(key) {
      const signal = new AbortController().signal;
      await askPeer(nc, { from, to, verb: "release" }, { v: 1, key }, doneReplySchema, {
        timeoutMs: RELEASE_MS,
        tryMs: RELEASE_TRY_MS,
        signal,
      });
    },
  };
}
