import { leaseSchema, type Lease, type NodeId } from "@redline/shared";

/** When each attempt was last renewed, by arrival on the coordinator's own clock. */
export class LeaseBook {
  readonly #arrivals = new Map<string, number>();

  renewed(lease: Pick<Lease, "node" | "trial" | "attempt">, nowMs: number): void {
    this.#arrivals.set(nameOf(lease.node, lease.trial, lease.attempt), nowMs);
  }

  /** -Infinity when nothing was heard since this process began. */
  lastMs(node: NodeId, trial: string, attempt: number): number {
    return this.#arrivals.get(nameOf(node, trial, attempt)) ?? -Infinity;
  }

  forget(node: NodeId, trial: string, attempt: number): void {
    this.#arrivals.delete(nameOf(node, trial, attempt));
  }
}

const nameOf = (node: string, trial: string, attempt: number) => `${node} ${trial} ${attempt}`;

/** Parses a lease; null unless its value says the same as its key `<node>.<trial>`, to which the node's rights are bound. */
export function readLease(key: string, value: Uint8Array): Lease | null {
  let raw: unknown;
  try {
    raw = JSON.parse(Buffer.from(value).toString("utf8"));
  } catch {
    return null;
  }
  const parsed = leaseSchema.safeParse(raw);
  return parsed.success && key === `${parsed.data.node}.${parsed.data.trial}` ? parsed.data : null;
}
