import type { RunOrder } from "@redline/shared";
import { openOrderedBrain, type BrainWays } from "../attempts/ordered-brain.ts";
import { startBrainBroker } from "../brains/broker.ts";
import type { Used } from "./events.ts";

/** A brain behind the broker's socket, as a cell is given it. */
export interface HeldBrain {
  /** For people: which model, or which script. */
  readonly label: string;
  used(): Used;
  close(): Promise<void>;
}

/** Questions beyond the turns: an agent asks again after a failure. */
const SPARE_QUESTIONS = 10;

/**
 * Opens the order's brain and puts it behind a socket, as an attempt does.
 * @throws AttemptFault where this machine lacks the key, Error where the socket cannot be made.
 */
export async function holdBrain(options: {
  readonly order: RunOrder;
  readonly socketPath: string;
  readonly token: string;
  readonly keyDir?: string | undefined;
  readonly allowed: readonly string[];
  /** For brains that live on this machine. */
  readonly ways?: BrainWays;
  readonly signal: AbortSignal;
}): Promise<HeldBrain> {
  const { order, socketPath, token, signal } = options;
  const ways = { ...options.ways, signal };
  const brain = await openOrderedBrain(order, options.keyDir, options.allowed, ways);
  const broker = await startBrainBroker({
    socketPath,
    brain,
    token,
    limits: { requests: order.limits.turns + SPARE_QUESTIONS },
    signal,
  });
  return {
    label: brain.label,
    used() {
      const { requests, answered, failed, promptTokens, completionTokens } = broker.counts;
      return { requests, answered, failed, promptTokens, completionTokens };
    },
    close: async () => broker[Symbol.asyncDispose](),
  };
}
