import { randomBytes } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { RunOrder } from "@redline/shared";
import { startBrainBroker, type BrainBroker, type BrokerOptions } from "../brains/broker.ts";
import type { Brain } from "../brains/brain.ts";
import type { Bind } from "../cell/cell.ts";
import { orFault } from "./attempt-fault.ts";
import { IN_CELL } from "./in-cell.ts";

/** Beyond the turns: an agent may ask again after a failure. */
const SPARE_QUESTIONS = 10;

/** A brain as one cell sees it: a socket and a token of this attempt. */
export interface CellBroker {
  readonly broker: BrainBroker;
  readonly binds: readonly Bind[];
  readonly env: Readonly<Record<string, string>>;
  /** Ends the broker and removes its socket. */
  close(): Promise<void>;
}

/** The broker's socket must be there before the cell that mounts it. @throws AttemptFault brain-unreachable. */
export async function brokerForCell(options: {
  readonly order: RunOrder;
  readonly brain: Brain;
  readonly socketsDir: string;
  readonly slot: number;
  readonly signal: AbortSignal;
  /** People and policies between the cell and the brain, and the journal of what the two say: no brain is asked without. */
  readonly talk: Required<Pick<BrokerOptions, "gate" | "onExchange">> & Pick<BrokerOptions, "keeper">;
}): Promise<CellBroker> {
  const { order, brain, socketsDir, slot, signal, talk } = options;
  const { turns, tokens, costUsd } = order.limits;
  const dir = join(socketsDir, `${slot}-${randomBytes(4).toString("hex")}`);
  await mkdir(dir, { recursive: true, mode: 0o711 });
  const token = randomBytes(24).toString("hex");
  const socketPath = join(dir, "brain.sock");
  const broker = await orFault("brain-unreachable", () =>
    startBrainBroker({
      socketPath,
      brain,
      token,
      limits: { requests: turns + SPARE_QUESTIONS, tokens, costUsd },
      price: order.price,
      gate: talk.gate,
      onExchange: talk.onExchange,
      keeper: talk.keeper,
      signal,
    }),
  );
  return {
    broker,
    binds: [{ from: socketPath, to: IN_CELL.brainSocket }],
    env: { REDLINE_BRAIN_TOKEN: token },
    async close() {
      await broker[Symbol.asyncDispose]();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
