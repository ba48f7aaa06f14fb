import type { JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { CoordinatorName } from "@redline/shared";
import type { Logger } from "@redline/daemon";
import type { Bus } from "./bus.ts";
import type { Clock } from "./clock.ts";
import type { JournalStore } from "./journal-store.ts";
import type { PairSecret } from "./pair-secret.ts";
import type { StreamMark } from "./stream-mark.ts";

/** What this coordinator is at the moment, for its HTTP API. */
export interface Standing {
  leads: boolean;
  /** Who leads, as far as this one knows. */
  leader: CoordinatorName | null;
  /** Whether every line of the stream is in this journal. */
  caughtUp: boolean;
}

export interface CandidatePorts {
  readonly connection: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly store: JournalStore;
  readonly mark: StreamMark;
  readonly bus: Pick<Bus, "upSinceMs">;
  readonly name: CoordinatorName;
  readonly secret: PairSecret;
  readonly version: string;
  readonly dir: string;
  /** How long a journal that may not be the longest waits for the other one on a bus which knows no leader, ms. */
  readonly otherWaitMs: number;
  readonly standing: Standing;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called when this coordinator, once leading, must not lead any more. */
  readonly fail: (error: unknown) => void;
}
