import { trialIdSchema, type Projection } from "@redline/shared";
import type { Logger } from "@redline/daemon";
import type { AttemptOrders } from "./attempt-orders.ts";
import { hasLeft } from "./attempt-facts.ts";
import type { Clock } from "./clock.ts";
import { readLease, type LeaseBook } from "./lease-book.ts";

/** Notes each renewal by its arrival; a node that renews an attempt which is over is told so again. */
export function leaseIntake(ports: {
  readonly state: Projection;
  readonly book: LeaseBook;
  readonly orders: Pick<AttemptOrders, "remind">;
  readonly clock: Clock;
  readonly log: Logger;
}): (key: string, value: Uint8Array) => void {
  const { state, book, orders, clock, log } = ports;
  return (key, value) => {
    const lease = readLease(key, value);
    if (lease === null) {
      log.warn({ key }, "lease dropped: not readable or not its own node's");
      return;
    }
    const id = trialIdSchema.safeParse(lease.trial);
    const trial = id.success ? state.trials.get(id.data) : undefined;
    const attempt = trial?.attempts.find((a) => a.attempt === lease.attempt);
    if (trial === undefined || attempt === undefined) return;
    const nodes: string[] = Object.values(attempt.devices);
    if (!nodes.includes(lease.node)) return;
    if (attempt.endedAt === null) book.renewed(lease, clock.monoMs());
    // A closed device may have a last renewal on its way.
    else if (!hasLeft(attempt, lease.node) && attempt.adjudications.length === 0)
      orders.remind(lease.node, trial, attempt);
  };
}
